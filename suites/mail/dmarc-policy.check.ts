import { defineCheck } from '../../helpers/check.ts'
import { applied, DMARC_POLICIES, policiesOf } from '../../helpers/grammar/dmarc.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { fail, type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachMailDomain, effectivePolicy, isAnswered, listed, noMail, sendersOf, walkEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/dmarc-policy',
  title: 'DMARC has forged mail refused or set aside',
  failureTitle: 'DMARC changes nothing about forged mail',
  why: 'A policy of none only watches; a policy for the domain that its sub-domains lack moves the forger one label to the left.',
  source: 'RFC 9989 §4.7 (p, sp, np, t; pct, rf and ri are historic), §4.10.1 (records without a valid p), §7.4 (reject must not rest on SPF alone)',
  severity: 'high',
  codes: {
    'mail.dmarc.no-effect': {
      meaning: 'The record has no valid policy and nowhere to send reports to: it is ignored.',
      fix: 'Write p=none, p=quarantine or p=reject.',
    },
    'mail.dmarc.invalid': {
      meaning: 'A policy in the record is missing or misspelt, so that none is applied.',
      fix: 'Write p, sp and np as none, quarantine or reject.',
    },
    'mail.dmarc.policy-none': {
      meaning: 'The policy is none: forged mail is delivered.',
      fix: 'Read the reports until every sender is aligned, then go to quarantine and reject.',
    },
    'mail.dmarc.testing': { meaning: 't=y: receivers apply one level less than the record says.', fix: 'Remove t=y when the reports are clean.' },
    'mail.dmarc.subdomains-weaker': { meaning: 'Sub-domains have a weaker policy than the domain.', fix: 'Remove sp and np, or make them as strict as p.' },
    'mail.dmarc.historic': {
      meaning: 'The record has tags that no longer mean anything (pct, rf, ri).',
      fix: 'Remove them; t=y stands for what pct=0 was used for.',
    },
    'mail.dmarc.faults': {
      meaning: 'A tag has a value that is not of its grammar, so that its default holds.',
      fix: 'Correct the tag that the evidence names.',
    },
    'mail.dmarc.spf-alone': {
      meaning: 'A declared sender has no DKIM selector: under p=reject its mail is lost wherever it is forwarded.',
      fix: 'Let the sender sign with DKIM, and declare its selector.',
    },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ walk: dmarcWalk(name) }),
  judge: ({ walk }, { subject, target }) => {
    const { policy } = walk
    const evidence = walkEvidence(walk, 'p=quarantine or p=reject, as strict for sub-domains')
    const own = walk.steps[0]
    if (policy === undefined || own === undefined || !isAnswered(own.seen)) {
      if (walk.unanswered.length > 0) return inconclusive('unobserved', listed(walk.unanswered), evidence)
      return skip('not-applicable', 'there is no DMARC record (mail/dmarc-exists)', evidence)
    }
    const { record } = policy
    const all = policiesOf(record)
    const effective = effectivePolicy(walk)
    if (all === undefined || effective === undefined)
      return fail('mail.dmarc.no-effect', { ...evidence, received: `${listed(record.faults)}; ${evidence.received}` })
    const findings: Finding[] = []
    const add = (code: string, received: string, expected: string): void =>
      void findings.push({ grade: 'warn', code, evidence: { ...evidence, expected, received: `${received}; ${evidence.received}` } })
    const level = (name: 'p' | 'sp' | 'np'): number => DMARC_POLICIES.indexOf(applied(all[name], record.testing))
    const misspelt = record.p === undefined || record.faults.some((fault) => /^(?:sp|np)(?:=| is )/.test(fault))
    if (misspelt) add('mail.dmarc.invalid', listed(record.faults) || 'p is missing', 'valid policies')
    else if (effective.stated === 'none') add('mail.dmarc.policy-none', 'none', 'quarantine or reject')
    else if (record.testing) add('mail.dmarc.testing', `t=y: ${effective.stated} is applied as ${effective.applied}`, 'no t=y')
    if (!misspelt && policy.domain === walk.domain && (level('sp') < level('p') || level('np') < level('p')))
      add('mail.dmarc.subdomains-weaker', `p=${all.p}, sub-domains ${all.sp}, those that do not exist ${all.np}`, 'sub-domains as strict as the domain')
    const silent = sendersOf(target).filter(({ from, dkim }) => from === subject.name && dkim === undefined)
    if (effective.applied === 'reject' && silent.length > 0)
      add('mail.dmarc.spf-alone', `no DKIM selector of ${silent.map(({ name }) => name).join(', ')}`, 'DKIM selectors of every sender')
    if (record.historic.length > 0) add('mail.dmarc.historic', listed(record.historic.map(({ tag, value }) => `${tag}=${value}`)), 'no pct, rf, ri')
    if (!misspelt && record.faults.length > 0) add('mail.dmarc.faults', listed(record.faults), 'tags that RFC 9989 reads')
    findings.push({ grade: 'pass', evidence: { ...evidence, received: `${effective.applied} is applied; ${evidence.received}` } })
    return worst(findings)
  },
  reproduce: (subject, target) => digFor(target, `_dmarc.${subject.name}`, 'TXT'),
})

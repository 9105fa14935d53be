import { defineCheck } from '../../helpers/check.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { digTxt, eachSpfDomain, effectivePolicy, finalAll, listed, noMail, rootOf, spfEvidence, unreadSpf, walkEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/spf-all',
  title: 'SPF ends in a refusal',
  failureTitle: 'SPF lets strangers through',
  why: 'What no term matches is what forgers send. A record that ends in +all, or allows whole continents, is worse than none.',
  source: 'RFC 7208 §5.1 (all), §6.1 (redirect), §8.2 and §8.5 (neutral and softfail); M3AAWG on ~all together with DMARC',
  severity: 'high',
  codes: {
    'mail.spf.all.pass': {
      meaning: 'The record ends in +all, or one of its terms matches every address: everybody may send for the domain.',
      fix: 'End it in -all; take the term out.',
    },
    'mail.spf.all.range': { meaning: 'A term lets a network of millions of addresses send for the domain.', fix: 'Name the addresses that send.' },
    'mail.spf.all.neutral': {
      meaning: 'The record ends in ?all, which says nothing of strangers.',
      fix: 'End it in -all, or in ~all together with an enforcing DMARC policy.',
    },
    'mail.spf.all.missing': { meaning: 'The record ends without all and without redirect, which says nothing of strangers.', fix: 'End it in -all.' },
    'mail.spf.all.softfail': {
      meaning: 'The record ends in ~all, and no DMARC policy makes anything of it.',
      fix: 'End it in -all, or publish a DMARC policy of quarantine or reject.',
    },
    'mail.spf.all.ignored': { meaning: 'Terms behind all, or a redirect beside it, are never looked at.', fix: 'Move them in front of all, or remove them.' },
  },
  /** Prefix lengths up to this one are a range that nobody sends from. */
  options: { widest: 8 },
  subjects: eachSpfDomain,
  unless: noMail,
  needs: ({ name }) => ({ spf: spfTree(name), dmarc: dmarcWalk(name) }),
  judge: ({ spf, dmarc }, { options }) => {
    const unread = unreadSpf(spf)
    if (unread !== undefined) return unread
    const findings: Finding[] = []
    for (const { domain, reading } of spf.nodes) {
      for (const { mechanism, qualifier, text, domain: named, cidr4, cidr6 } of reading?.ok === true ? reading.value.directives : []) {
        if (qualifier !== '+') continue
        const wide =
          mechanism === 'ip4'
            ? cidr4 <= options.widest
            : mechanism === 'ip6'
              ? cidr6 <= options.widest
              : mechanism === 'a' || mechanism === 'mx'
                ? cidr4 <= options.widest || cidr6 <= options.widest
                : false
        if (wide)
          findings.push({
            grade: 'fail',
            code: 'mail.spf.all.range',
            severity: 'critical',
            evidence: {
              what: `${text} of ${domain}`,
              expected: `networks smaller than /${options.widest}`,
              received: named === undefined ? text : `${text} (every address near ${named})`,
            },
          })
      }
    }
    const end = finalAll(spf)
    for (const { domain, via, reading } of spf.nodes) {
      // An include that matches everybody passes everybody, whatever stands behind it.
      if (reading?.ok !== true || /^[-~?]/.test(via ?? '')) continue
      const open = reading.value.directives.find(
        ({ mechanism, qualifier, text, domain: named }) =>
          qualifier === '+' &&
          ((mechanism === 'all' && domain !== end.domain) ||
            // A name without macros is there for everybody or for nobody (§5.7).
            (mechanism === 'exists' &&
              named?.includes('%') === false &&
              spf.lookups.some((one) => one.domain === domain && one.term === text && one.outcome === 'found'))),
      )
      if (open !== undefined)
        findings.push({
          grade: 'fail',
          code: 'mail.spf.all.pass',
          severity: 'critical',
          evidence: {
            what: `term of ${domain}`,
            expected: 'terms that some addresses match',
            received: `${open.text} of ${domain}${via === undefined ? '' : `, by ${via},`} matches every address`,
          },
        })
    }
    const evidence = spfEvidence(
      spf,
      '-all at the end, or ~all with an enforcing DMARC policy',
      `${listed(rootOf(spf).records)}${end.domain === rootOf(spf).domain ? '' : `, ends at ${end.domain}`}`,
    )
    const policy = effectivePolicy(dmarc)
    if (end.end === 'unknown') {
      if (findings.length > 0) return worst(findings)
      return inconclusive('unobserved', `how the record ends is unknown: it redirects to ${end.domain}`, evidence)
    }
    if (end.end === 'nothing') findings.push({ grade: 'warn', code: 'mail.spf.all.missing', evidence })
    else if (end.qualifier === '+') findings.push({ grade: 'fail', code: 'mail.spf.all.pass', evidence, severity: 'critical' })
    else if (end.qualifier === '?') findings.push({ grade: 'warn', code: 'mail.spf.all.neutral', evidence })
    else if (end.qualifier === '-') findings.push({ grade: 'pass', evidence })
    else {
      const enforced = policy !== undefined && policy.applied !== 'none'
      if (!enforced && dmarc.unanswered.length > 0 && findings.length === 0)
        return inconclusive('unobserved', '~all, and the DMARC policy is unknown', [evidence, walkEvidence(dmarc, 'quarantine or reject')])
      findings.push(enforced ? { grade: 'pass', evidence } : { grade: 'warn', code: 'mail.spf.all.softfail', evidence }, {
        grade: 'pass',
        evidence: walkEvidence(dmarc, 'quarantine or reject, where SPF ends in ~all'),
      })
    }
    for (const { domain, reading } of spf.nodes) {
      if (reading?.ok !== true) continue
      const { directives, redirect } = reading.value
      const all = directives.findIndex(({ mechanism }) => mechanism === 'all')
      const lost = all < 0 ? [] : [...directives.slice(all + 1).map(({ text }) => text), ...(redirect === undefined ? [] : [`redirect=${redirect}`])]
      // What providers do in their records is theirs to mend.
      if (lost.length > 0 && domain === rootOf(spf).domain)
        findings.push({
          grade: 'warn',
          code: 'mail.spf.all.ignored',
          evidence: { what: `terms of ${domain} behind all`, expected: 'none', received: listed(lost) },
        })
    }
    return worst(findings)
  },
  reproduce: digTxt(),
})

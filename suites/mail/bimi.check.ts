import { defineCheck } from '../../helpers/check.ts'
import { readBimi } from '../../helpers/grammar/bimi.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { effectivePolicy, isAnswer, mailDomains, seenAt, txtOf } from './shared.ts'
import type { Target } from '../../helpers/target.ts'

const nameOf = (domain: string, target: Target): string => `${target.file.mail?.bimi?.selector ?? 'default'}._bimi.${domain}`

export default defineCheck({
  id: 'mail/bimi',
  title: 'The logo beside mails is published as it must be',
  failureTitle: 'The logo beside mails is not shown',
  why: 'Mailbox providers show the logo only with a record that reads, and with a DMARC policy that is enforced. For the report only.',
  source: 'draft-brand-indicators-for-message-identification §4.3, §7.1; rules: BIMI is information',
  severity: 'info',
  codes: {
    'mail.bimi.missing': { meaning: 'There is no BIMI record, though one is declared.', fix: 'Publish v=BIMI1; l=https://…; a=https://… at the selector.' },
    'mail.bimi.malformed': {
      meaning: 'The BIMI record does not read, or there are several.',
      fix: 'Write one: v=BIMI1; l=<https address of an SVG>; a=<https address of the certificate>.',
    },
    'mail.bimi.without-enforcement': {
      meaning: 'DMARC is not enforced, so that no provider shows the logo.',
      fix: 'Set p=quarantine or p=reject for the domain and its sub-domains.',
    },
  },
  options: {},
  subjects: (target) => (target.file.mail?.bimi === undefined ? [] : mailDomains(target).map((name) => ({ name }))),
  unless: { skip: 'not-declared', reason: 'the target says nothing of a logo (mail.bimi)' },
  needs: ({ name }, target) => ({ seen: dnsQuery({ name: nameOf(name, target), type: 'TXT' }), dmarc: dmarcWalk(name) }),
  judge: ({ seen, dmarc }) => {
    const evidence = seenAt(seen, 'one v=BIMI1 record, under an enforced DMARC policy')
    if (!isAnswer(seen)) return inconclusive('unobserved', `answered with ${seen.rcode}`, evidence)
    const records = txtOf(seen).filter((text) => /^v=BIMI1\s*(?:;|$)/i.test(text.trim()))
    const [first] = records
    if (first === undefined) return warn('mail.bimi.missing', evidence)
    const read = readBimi(first)
    if (records.length > 1 || !read.ok)
      return fail('mail.bimi.malformed', { ...evidence, received: `${evidence.received}; ${read.ok ? `${records.length} records` : read.error}` })
    const policy = effectivePolicy(dmarc)
    const shown = { ...evidence, received: `${evidence.received}; DMARC: ${policy?.applied ?? 'no policy'}` }
    if (policy === undefined && dmarc.unanswered.length > 0) return inconclusive('unobserved', dmarc.unanswered.join('; '), shown)
    return policy?.applied === 'reject' || policy?.applied === 'quarantine' ? pass(shown) : warn('mail.bimi.without-enforcement', shown)
  },
  reproduce: ({ name }, target) => digFor(target, nameOf(name, target), 'TXT'),
})

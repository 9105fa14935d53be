import { defineCheck } from '../../helpers/check.ts'
import { dmarcWalk } from '../../helpers/probes/dmarc.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digTxt, eachMailDomain, isAnswered, listed, noMail, walkEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/dmarc-exists',
  title: 'The domain has a DMARC record',
  failureTitle: 'The domain has no DMARC record that counts',
  why: 'Without it a forged From address passes wherever SPF and DKIM of somebody else pass; large receivers refuse bulk mail of domains that have none.',
  source: 'RFC 9989 §4.10 (tree walk; several records at one name are all discarded), §4.7 (v=DMARC1 first, in these letters)',
  severity: 'high',
  codes: {
    'mail.dmarc.none': {
      meaning: 'Neither the domain nor a domain above it has a DMARC record.',
      fix: 'Publish one TXT record at _dmarc: v=DMARC1; p=none; rua=mailto:…, and tighten it when the reports are clean.',
    },
    'mail.dmarc.several': { meaning: 'There are several DMARC records at the name: all of them are discarded.', fix: 'Leave one.' },
    'mail.dmarc.not-recognised': {
      meaning: 'The text at _dmarc does not begin with v=DMARC1, so it is no record.',
      fix: 'Let it begin with v=DMARC1; in these very letters.',
    },
    'mail.dmarc.inherited': {
      meaning: 'The domain has no record of its own; the one of a domain above holds.',
      fix: 'Publish one at the domain itself where it sends mail.',
    },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ walk: dmarcWalk(name) }),
  judge: ({ walk }) => {
    const evidence = walkEvidence(walk, 'one TXT record that begins with v=DMARC1')
    const [own] = walk.steps
    if (own === undefined || !isAnswered(own.seen))
      return inconclusive('unobserved', `_dmarc.${walk.domain}: ${walk.unanswered[0] ?? 'not asked for'}`, evidence)
    if (own.records.length > 1) return fail('mail.dmarc.several', { ...evidence, received: listed(own.records) })
    if (own.records.length === 1) return pass(evidence)
    if (own.nearly.length > 0) return fail('mail.dmarc.not-recognised', { ...evidence, received: listed(own.nearly.map((text) => JSON.stringify(text))) })
    if (walk.policy !== undefined) return warn('mail.dmarc.inherited', evidence)
    if (walk.unanswered.length > 0) return inconclusive('unobserved', listed(walk.unanswered), evidence)
    return fail('mail.dmarc.none', evidence)
  },
  reproduce: digTxt('_dmarc.'),
})

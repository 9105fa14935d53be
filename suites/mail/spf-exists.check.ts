import { defineCheck } from '../../helpers/check.ts'
import { spfTree } from '../../helpers/probes/spf.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digTxt, eachSpfDomain, listed, noMail, rootOf, spfEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/spf-exists',
  title: 'The domain has exactly one SPF record',
  failureTitle: 'The domain has no SPF record that counts',
  why: 'Without one anybody may use the domain as the sender of mail, and receivers distrust what is genuine; two are worse than none, since both are void.',
  source: 'RFC 7208 §3.2 (never more than one), §4.5 (how records are selected)',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.spf.none': { meaning: 'There is no SPF record.', fix: 'Publish one TXT record at the domain: v=spf1, what sends, -all.' },
    'mail.spf.several': {
      meaning: 'There are several SPF records: receivers report a permanent error.',
      fix: 'Join their terms in one record, and remove the others.',
    },
    'mail.spf.not-recognised': {
      meaning: 'There is a text that looks like SPF, but it does not begin with v=spf1 and a blank, so it is none.',
      fix: 'Remove what stands in front of v=spf1: blanks, quotes, other letters.',
    },
    'mail.spf.nearly': { meaning: 'Beside the record stands a text that looks like SPF and is none.', fix: 'Remove it.' },
  },
  options: {},
  subjects: eachSpfDomain,
  unless: noMail,
  needs: ({ name }) => ({ spf: spfTree(name) }),
  judge: ({ spf }) => {
    const root = rootOf(spf)
    const evidence = spfEvidence(spf, 'one TXT record that begins with v=spf1')
    if (root.state === 'several') return fail('mail.spf.several', evidence)
    if (root.state === 'none')
      return root.nearly.length > 0
        ? fail('mail.spf.not-recognised', { ...evidence, received: listed(root.nearly.map((text) => JSON.stringify(text))) })
        : fail('mail.spf.none', evidence)
    if (root.state !== 'record') return inconclusive('unobserved', `TXT of ${root.domain}: ${root.code ?? 'no answer'}`, evidence)
    return root.nearly.length > 0
      ? warn('mail.spf.nearly', { ...evidence, received: listed([...root.records, ...root.nearly].map((text) => JSON.stringify(text))) })
      : pass(evidence)
  },
  reproduce: digTxt(),
})

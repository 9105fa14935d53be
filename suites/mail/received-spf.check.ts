import { defineCheck } from '../../helpers/check.ts'
import { mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { skip } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'
import { judgeSpf } from './spf-result.ts'

export default defineCheck({
  id: 'mail/received-spf',
  title: 'SPF lets the server through that brought the mail',
  failureTitle: 'SPF does not let the server through that brought the mail',
  why: 'What is declared is one thing; the address that mail really leaves from is another: a new egress address, a relay, a provider’s pool.',
  source: 'RFC 7208 §4 (check_host) for the envelope sender and the address of the hop; §2.4 (empty envelope sender)',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.received.spf.fail': {
      meaning: 'The record refuses the address.',
      fix: 'Add the address, or the include of the provider, in front of all; or send through the server that is allowed.',
    },
    'mail.received.spf.softfail': {
      meaning: 'The record marks the address as probably forged (~all).',
      fix: 'Add the address, or the include of the provider.',
    },
    'mail.received.spf.neutral': { meaning: 'The record says nothing of the address.', fix: 'Add the address, or the include of the provider.' },
    'mail.received.spf.none': { meaning: 'The domain of the envelope sender has no SPF record.', fix: 'Publish one at that very domain.' },
    'mail.received.spf.permerror': { meaning: 'The record cannot be evaluated.', fix: 'Repair what the evidence names.' },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const at = seenIn(delivery, seen.mail)
    if (seen.spf === undefined)
      return skip('not-applicable', seen.spfUnknown ?? 'who brought it is not known', {
        what: 'SPF of the hop',
        expected: 'the address that brought it',
        received: seen.spfUnknown ?? 'unknown',
        ...at,
      })
    const { address, domain, evaluation } = seen.spf
    return judgeSpf(evaluation, 'mail.received.spf', { what: `SPF of ${domain} for ${address}`, ...at })
  },
  reproduce: letterLine('Return-Path and the topmost Received, then dig TXT of that domain'),
})

import { defineCheck } from '../../helpers/check.ts'
import { mailAuthentication } from '../../helpers/probes/mail-authentication.ts'
import { pass, warn } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/received-arc',
  title: 'What ARC tells of the received mail is consistent',
  failureTitle: 'What ARC tells of the received mail is broken',
  why: 'Forwarders seal what they saw (ARC); a chain that is broken on the way of own mail shows a relay that changes it. Information only.',
  source: 'RFC 8617 §5.2 (validation; the seals themselves are not verified here, the newest message signature is)',
  severity: 'info',
  codes: {
    'mail.arc.broken': {
      meaning: 'The ARC sets are not a whole chain, or the newest signature does not hold.',
      fix: 'Look at the relay that wrote the newest set.',
    },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ letter: mailAuthentication(deliveryOf(subject)) }),
  judge: ({ letter: { delivery, seen } }) => {
    if (seen === undefined) return nothingArrived(delivery)
    const { sets, chain, newest, fault } = seen.arc
    const evidence = {
      what: 'ARC sets',
      expected: 'none, or a whole chain',
      received:
        sets === 0 && fault === undefined
          ? 'none'
          : `${sets}, cv=${chain ?? '?'}, newest signature ${newest ?? 'unread'}${fault === undefined ? '' : `; ${fault}`}`,
      ...seenIn(delivery, seen.mail),
    }
    return fault !== undefined || chain === 'fail' || (newest?.endsWith(': fail') ?? false) ? warn('mail.arc.broken', evidence) : pass(evidence)
  },
  reproduce: letterLine('ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results'),
})

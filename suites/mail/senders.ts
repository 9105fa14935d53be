/** Envelopes of somebody who has signed in. */
import type { Probe } from '../../helpers/probe.ts'
import { type SmtpEnvelopes, smtpEnvelopes } from '../../helpers/probes/smtp.ts'
import { submissionOf, placeOf } from './servers.ts'
import type { Subject } from '../../helpers/check.ts'

export const FOREIGN = 'foreign sender'
/** Each sender to itself, then the foreign one to the first of them: one conversation for both checks. */
export function signedIn(subject: Subject): Probe<SmtpEnvelopes> {
  const { senders = [], foreignSender, user = '', password = '' } = submissionOf(subject).entry
  const [first = `postmaster@${placeOf(subject).host}`] = senders
  return smtpEnvelopes(
    placeOf(subject),
    [
      ...senders.map((address) => ({ label: address, from: address, to: address })),
      ...(foreignSender === undefined ? [] : [{ label: FOREIGN, from: foreignSender, to: first }]),
    ],
    { tls: 'always', login: { user, password } },
  )
}

import { defineCheck } from '../../helpers/check.ts'
import { secretWord, shellQuote } from '../../helpers/reproduce.ts'
import { skip } from '../../helpers/verdict.ts'
import { FOREIGN, signedIn } from './senders.ts'
import { eachSubmission, envelopeText, fateOf, foldShown, line, placeOf, type Shown, submissionOf, swaksFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-sender',
  title: 'The application may send as its addresses',
  failureTitle: 'The application may not send as one of its addresses',
  why: 'The password works and mail is refused all the same, often for one of several senders only, such as the newsletter.',
  source: 'RFC 6409 §6.1, §3.2; mail.submission senders of the target. A recipient is offered and never a message',
  severity: 'high',
  codes: {
    'mail.sender.refused': {
      meaning: 'The server refuses mail of a declared sender.',
      fix: 'Allow the address for this user (Postfix: smtpd_sender_login_maps), or verify it with the provider.',
    },
  },
  options: {},
  subjects: eachSubmission(({ senders }) => senders !== undefined),
  unless: { skip: 'not-declared', reason: 'the target says of no user as whom he may send (mail.submission, senders)' },
  needs: (subject) => ({ seen: signedIn(subject) }),
  judge: ({ seen }, { subject }) => {
    const shown = seen.envelopes
      .filter(({ label }) => label !== FOREIGN)
      .flatMap((one): Shown<'mail.sender.refused'> => {
        const evidence = line(seen, `${one.from} at ${subject.name}`, 'MAIL and RCPT are accepted', seen.without ?? envelopeText(one))
        if (seen.without !== undefined) return [{ unknown: `could not sign in: ${seen.without} (mail/submission-login)`, evidence }]
        const fate = fateOf(one)
        if (fate === 'accepted') return [{ grade: 'pass', evidence }]
        return fate === 'sender' || fate === 'refused' || fate === 'address'
          ? [{ grade: 'fail', code: 'mail.sender.refused', evidence }]
          : [{ unknown: `${one.from}: ${envelopeText(one)}`, evidence }]
      })
    return foldShown(shown, skip('not-declared', 'no sender is declared'))
  },
  reproduce: (subject, target) => {
    const { user = '', senders = [] } = submissionOf(subject).entry
    return swaksFor(
      target,
      placeOf(subject),
      `${placeOf(subject).mode === 'plain' ? '--tls ' : ''}--auth-user ${shellQuote(user)} --auth-password ${secretWord(target, submissionOf(subject).entry.password, 'PASSWORD')} --from ${shellQuote(senders[0] ?? user)} --to ${shellQuote(senders[0] ?? user)} --quit-after RCPT`,
    )
  },
  covers: ['A72'],
})

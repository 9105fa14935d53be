import { defineCheck } from '../../helpers/check.ts'
import { secretWord, shellQuote } from '../../helpers/reproduce.ts'
import { skip } from '../../helpers/verdict.ts'
import { FOREIGN, signedIn } from './senders.ts'
import { eachSubmission, envelope, envelopeText, fateOf, foldShown, line, placeOf, submissionOf, swaksFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-foreign-sender',
  title: 'The application may not send as somebody else',
  failureTitle: 'The application may send as somebody else',
  why: 'One stolen password of any account then sends mail in the name of the whole domain, signed by its own server.',
  source: 'RFC 6409 §6.1; mail.submission foreignSender of the target. A recipient is offered and never a message',
  severity: 'medium',
  codes: {
    'mail.sender.anybody': {
      meaning: 'The server accepts mail of a sender that is not the user’s.',
      fix: 'Tie senders to users (Postfix: smtpd_sender_login_maps with reject_sender_login_mismatch).',
    },
  },
  options: {},
  subjects: eachSubmission(({ foreignSender }) => foreignSender !== undefined),
  unless: { skip: 'not-declared', reason: 'the target says of no user as whom he must not send (mail.submission, foreignSender)' },
  needs: (subject) => ({ seen: signedIn(subject) }),
  judge: ({ seen }, { subject }) => {
    const one = envelope(seen, FOREIGN)
    if (one === undefined) return skip('not-declared', 'no foreign sender is declared')
    const evidence = line(seen, `${one.from} at ${subject.name}`, 'refused at MAIL or RCPT', seen.without ?? envelopeText(one))
    const fate = fateOf(one)
    return foldShown(
      seen.without !== undefined
        ? [{ unknown: `could not sign in: ${seen.without} (mail/submission-login)`, evidence }]
        : fate === 'accepted'
          ? [{ grade: 'fail', code: 'mail.sender.anybody', evidence }]
          : fate === 'sender' || fate === 'refused'
            ? [{ grade: 'pass', evidence }]
            : [{ unknown: envelopeText(one), evidence }],
      skip('not-declared', 'no foreign sender is declared'),
    )
  },
  reproduce: (subject, target) => {
    const { user = '', senders = [], foreignSender = '' } = submissionOf(subject).entry
    return swaksFor(
      target,
      placeOf(subject),
      `${placeOf(subject).mode === 'plain' ? '--tls ' : ''}--auth-user ${shellQuote(user)} --auth-password ${secretWord(target, submissionOf(subject).entry.password, 'PASSWORD')} --from ${shellQuote(foreignSender)} --to ${shellQuote(senders[0] ?? user)} --quit-after RCPT`,
    )
  },
  covers: ['A72'],
})

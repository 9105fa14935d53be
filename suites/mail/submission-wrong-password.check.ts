import { defineCheck } from '../../helpers/check.ts'
import { smtpLogin } from '../../helpers/probes/smtp.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { signedIn } from './senders.ts'
import { eachSubmission, endText, line, placeOf, replyText, submissionOf, swaksFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-wrong-password',
  title: 'A wrong password is refused',
  failureTitle: 'A wrong password is accepted',
  why: 'A server that lets in whoever knows a name sends mail for anybody, in the name of the domain.',
  source: 'RFC 4954 §4, §6 (535 5.7.8). One attempt with a password made up',
  severity: 'critical',
  codes: {
    'mail.password.any': {
      meaning: 'A password made up is accepted.',
      fix: 'Look at the authentication service (Dovecot: passdb static or nopassword), and at once.',
    },
  },
  options: {},
  // One attempt at each server: a second one at its other port would tell nothing new, and lets everybody wait.
  subjects: eachSubmission(({ user, startTls }, { mode }) => user !== undefined && (mode === 'plain' || startTls === false)),
  unless: { skip: 'not-declared', reason: 'the target names no user of a server that mail is handed to (mail.submission, user)' },
  needs: (subject, target) => {
    const { entry, place } = submissionOf(subject)
    const { user = '', password } = entry
    // What needs the right password goes first.
    const others = eachSubmission((one) => one.host === entry.host && one.password !== undefined)(target).flatMap((one) => {
      const mine = submissionOf(one)
      const credentials = { user: mine.entry.user ?? '', password: mine.entry.password ?? '' }
      return [smtpLogin(mine.place, credentials), ...(mine.entry.senders === undefined && mine.entry.foreignSender === undefined ? [] : [signedIn(one)])]
    })
    return { login: smtpLogin(place, { user }, password === undefined ? [] : others) }
  },
  judge: ({ login }, { subject }) => {
    const { reply, withheld, ended, mechanism } = login
    const answer = reply === undefined ? (withheld ?? endText(ended)) : `AUTH ${mechanism ?? ''}: ${replyText(reply)}`
    const evidence = line(login, `signing in at ${subject.name} with a password made up`, 'refused for good (535)', answer)
    if (reply === undefined) return inconclusive('unobserved', answer, evidence)
    if (reply.code === 235) return fail('mail.password.any', evidence)
    return reply.code >= 500 ? pass(evidence) : inconclusive('unobserved', `not refused for good: ${answer}`, evidence)
  },
  reproduce: (subject, target) =>
    swaksFor(
      target,
      placeOf(subject),
      `${placeOf(subject).mode === 'plain' ? '--tls ' : ''}--auth-user '${submissionOf(subject).entry.user ?? ''}' --auth-password wrong --quit-after AUTH`,
    ),
  covers: ['A72'],
})

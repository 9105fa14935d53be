import { defineCheck } from '../../helpers/check.ts'
import { secretWord, shellQuote } from '../../helpers/reproduce.ts'
import { smtpLogin } from '../../helpers/probes/smtp.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { eachSubmission, endText, line, placeOf, replyText, submissionOf, swaksFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-login',
  title: 'The application can sign in',
  failureTitle: 'The application cannot sign in',
  why: 'A password that was changed on one side only stops every mail of the application, and nobody sees it but those who wait for one.',
  source: 'RFC 4954 §4, §6',
  severity: 'high',
  codes: {
    'mail.password.refused': {
      meaning: 'The declared user and password are refused.',
      fix: 'Compare the password of the server with that of the application; look whether the account is locked.',
    },
  },
  options: {},
  subjects: eachSubmission(({ password }) => password !== undefined),
  unless: { skip: 'not-declared', reason: 'the target names no user and password of a server that mail is handed to (mail.submission)' },
  needs: (subject) => {
    const { user = '', password = '' } = submissionOf(subject).entry
    return { login: smtpLogin(placeOf(subject), { user, password }) }
  },
  judge: ({ login }, { subject }) => {
    const { reply, withheld, ended, mechanism } = login
    const answer = reply === undefined ? (withheld ?? endText(ended)) : `AUTH ${mechanism ?? ''}: ${replyText(reply)}`
    const evidence = line(login, `signing in at ${subject.name} as ${submissionOf(subject).entry.user ?? ''}`, '235', answer)
    if (reply === undefined) return inconclusive('unobserved', withheld === undefined ? answer : `the password was not sent: ${withheld}`, evidence)
    if (reply.code === 235) return pass(evidence)
    return reply.code >= 500 ? fail('mail.password.refused', evidence) : inconclusive('unobserved', answer, evidence)
  },
  reproduce: (subject, target) =>
    swaksFor(
      target,
      placeOf(subject),
      `${placeOf(subject).mode === 'plain' ? '--tls ' : ''}--auth-user ${shellQuote(submissionOf(subject).entry.user ?? '')} --auth-password ${secretWord(target, submissionOf(subject).entry.password, 'PASSWORD')} --quit-after AUTH`,
    ),
  covers: ['A72'],
})

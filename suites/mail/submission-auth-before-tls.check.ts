import { defineCheck } from '../../helpers/check.ts'
import { skip } from '../../helpers/verdict.ts'
import { authBeforeTls } from './plain-auth.ts'
import { eachSubmission, foldShown, lookAt, noSubmission, placeOf, talkFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-auth-before-tls',
  title: 'Passwords are asked for inside TLS only',
  failureTitle: 'Passwords are asked for in plain text',
  why: 'A program with TLS switched off, or somebody on the way who strips STARTTLS, then sends the password in the clear.',
  source: 'RFC 4954 §4; RFC 8314 §4.1; rules: AUTH offered before TLS',
  severity: 'high',
  codes: { 'mail.submission.plain-auth': { meaning: 'AUTH is offered or taken before TLS.', fix: 'Demand TLS first (Postfix: smtpd_tls_auth_only = yes).' } },
  options: {},
  subjects: eachSubmission((_, { mode }) => mode === 'plain'),
  unless: noSubmission,
  needs: (subject) => ({ look: lookAt(subject) }),
  judge: ({ look }, { subject }) =>
    foldShown(authBeforeTls(look, subject.name, 'mail.submission.plain-auth', 'high'), skip('not-applicable', 'nothing was shown')),
  reproduce: (subject, target) => talkFor(target, placeOf(subject), ['EHLO x', 'AUTH PLAIN', '*']),
  covers: ['A72'],
})

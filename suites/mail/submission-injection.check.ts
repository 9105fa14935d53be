import { defineCheck } from '../../helpers/check.ts'
import { smtpInjection } from '../../helpers/probes/smtp.ts'
import { skip } from '../../helpers/verdict.ts'
import { injectionShown } from './injection.ts'
import { eachSubmission, foldShown, lookAt, noSubmission, placeOf, talkFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-injection',
  title: 'Submission forgets what was said before TLS',
  failureTitle: 'Submission obeys inside TLS what was said in plain text',
  why: 'Somebody on the way can then slip commands in before the password of the application, and read the mail that follows.',
  source: 'CVE-2011-0411; RFC 3207 §4.2',
  severity: 'high',
  codes: {
    'mail.submission.injection': {
      meaning: 'A command said in plain text right behind STARTTLS is answered inside TLS.',
      fix: 'Update the server: it must throw away its input buffer before the handshake.',
    },
  },
  options: {},
  subjects: eachSubmission((_, { mode }) => mode === 'plain'),
  unless: noSubmission,
  needs: (subject) => ({ look: smtpInjection(placeOf(subject)), usual: lookAt(subject) }),
  judge: ({ look, usual }, { subject }) =>
    foldShown(
      injectionShown(look, subject.name, 'mail.submission.injection', usual.tls !== undefined),
      skip('not-applicable', 'the server did not agree to STARTTLS (mail/submission-starttls)'),
    ),
  reproduce: (subject, target) => talkFor(target, placeOf(subject), ['EHLO x', 'STARTTLS', 'NOOP']),
})

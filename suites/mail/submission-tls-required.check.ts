import { defineCheck } from '../../helpers/check.ts'
import { smtpEnvelopes } from '../../helpers/probes/smtp.ts'
import { foldShown } from './servers.ts'
import { skip } from '../../helpers/verdict.ts'
import { eachSubmission, envelopeText, fateOf, line, noSubmission, placeOf, type Shown, talkFor } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-tls-required',
  title: 'Submission takes nothing in plain text',
  failureTitle: 'Submission takes mail in plain text',
  why: 'STARTTLS that is merely offered is stripped by whoever is in the way, and a program whose TLS was switched off is never noticed.',
  source: 'RFC 8314 §4.1; RFC 3207 §4 (530). A recipient is offered and never a message',
  severity: 'high',
  codes: {
    'mail.submission.plain-mail': {
      meaning: 'A sender and a recipient are accepted before TLS.',
      fix: 'Demand TLS (Postfix: smtpd_tls_security_level = encrypt for submission).',
    },
  },
  options: {},
  subjects: eachSubmission((_, { mode }) => mode === 'plain'),
  unless: noSubmission,
  needs: (subject, { domain }) => ({
    seen: smtpEnvelopes(placeOf(subject), [{ label: 'plain', from: `postmaster@${domain}`, to: `postmaster@${domain}` }], { tls: 'never' }),
  }),
  judge: ({ seen }, { subject }) => {
    const shown = seen.envelopes.flatMap((one): Shown<'mail.submission.plain-mail'> => {
      const evidence = line(seen, `MAIL at ${subject.name} before TLS`, 'refused (530 Must issue a STARTTLS command first)', seen.without ?? envelopeText(one))
      if (seen.without !== undefined) return [{ unknown: seen.without, evidence }]
      const fate = fateOf(one)
      if (fate === 'accepted') return [{ grade: 'fail', code: 'mail.submission.plain-mail', evidence }]
      return ['refused', 'sender', 'address'].includes(fate) ? [{ grade: 'pass', evidence }] : [{ unknown: envelopeText(one), evidence }]
    })
    return foldShown(shown, skip('not-applicable', 'nothing was asked'))
  },
  reproduce: (subject, target) =>
    talkFor(target, placeOf(subject), ['EHLO x', `MAIL FROM:<postmaster@${target.domain}>`, `RCPT TO:<postmaster@${target.domain}>`]),
  covers: ['A72'],
})

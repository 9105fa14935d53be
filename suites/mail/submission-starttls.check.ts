import { defineCheck } from '../../helpers/check.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { smtpOldTls, smtpTlsFirst } from '../../helpers/probes/smtp.ts'
import { fail, inconclusive, skip } from '../../helpers/verdict.ts'
import { eachSubmission, foldShown, line, lookAt, noSubmission, opensslMail, placeOf, startTlsShown } from './servers.ts'

export default defineCheck({
  id: 'mail/submission-starttls',
  title: 'Submission offers STARTTLS, and it works',
  failureTitle: 'Submission has no working STARTTLS',
  why: 'Programs that must encrypt cannot send at all then, and those that need not send passwords in plain text.',
  source: 'RFC 6409 §3.1; RFC 8314 §3.3, §4.1; RFC 3207',
  severity: 'high',
  codes: {
    'mail.submission.no-listener': {
      meaning: 'Nothing listens on the declared port.',
      fix: 'Enable submission (Postfix: the submission service of master.cf), and open the port.',
    },
    'mail.submission.tls-on-plain': {
      meaning: 'The port speaks TLS from the first byte, which clients that use STARTTLS wait for in vain.',
      fix: 'Port 587 begins in plain text (Postfix: smtpd_tls_wrappermode = no), 465 with TLS; declare the port in mail.submission as what it is.',
    },
    'mail.submission.starttls-absent': {
      meaning: 'STARTTLS is not offered.',
      fix: 'Switch it on and demand it (Postfix: smtpd_tls_security_level = encrypt).',
    },
    'mail.submission.starttls-refused': {
      meaning: 'STARTTLS is offered and then refused.',
      fix: 'Look at the log: certificate or key can usually not be read.',
    },
    'mail.submission.starttls-broken': {
      meaning: 'STARTTLS is agreed to, and no handshake of TLS 1.2 or 1.3 comes about.',
      fix: 'Look at the log; allow TLS 1.2 and 1.3.',
    },
    'mail.submission.starttls-deaf': { meaning: 'EHLO is not answered once TLS is on.', fix: 'The state must begin anew after the handshake (RFC 3207 §4.2).' },
    'mail.submission.old-versions': {
      meaning: 'TLS 1.0 or 1.1 is agreed to.',
      fix: 'Allow TLS 1.2 and 1.3 alone (Postfix: smtpd_tls_mandatory_protocols = >=TLSv1.2).',
    },
  },
  options: {},
  subjects: eachSubmission((_, { mode }) => mode === 'plain'),
  unless: noSubmission,
  needs: (subject) => ({ look: attempt(lookAt(subject)), old: attempt(smtpOldTls(placeOf(subject))), crossed: attempt(smtpTlsFirst(placeOf(subject))) }),
  judge: ({ look, old, crossed }, { subject }) => {
    const { host, port } = placeOf(subject)
    if (!look.ok) {
      const evidence = { what: subject.name, expected: 'an SMTP server', received: `${look.failure.message} (${look.failure.code})`, where: `${host}:${port}` }
      if (isRefused(look)) return fail('mail.submission.no-listener', evidence)
      return inconclusive(look.failure.code === 'UNMAPPED' ? 'misused' : 'unobserved', look.failure.message, evidence)
    }
    if (look.value.greeting === undefined && crossed.ok && crossed.value.tls !== undefined)
      return fail(
        'mail.submission.tls-on-plain',
        line(crossed.value, `first bytes of ${subject.name}`, 'a greeting in plain text', `none; ${crossed.value.tls.protocol} was agreed to at once`),
      )
    const shown = startTlsShown(look.value, subject.name, {
      absent: 'mail.submission.starttls-absent',
      refused: 'mail.submission.starttls-refused',
      broken: 'mail.submission.starttls-broken',
      deaf: 'mail.submission.starttls-deaf',
    })
    const version = old.ok ? old.value.protocol : undefined
    const evidence = old.ok ? line(old.value, `oldest TLS of ${subject.name}`, 'TLS 1.2 or 1.3', version ?? 'older ones are refused') : undefined
    return foldShown(
      version === undefined || evidence === undefined
        ? shown
        : [...shown, { grade: 'warn', code: 'mail.submission.old-versions', evidence, severity: 'medium' }],
      skip('not-applicable', 'nothing was shown'),
    )
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject)),
  covers: ['A72'],
})

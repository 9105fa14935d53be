import { defineCheck } from '../../helpers/check.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { smtpOldTls } from '../../helpers/probes/smtp.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { eachSubmission, endText, line, lookAt, opensslMail, placeOf, replyText } from './servers.ts'

/** What OpenSSL says where the peer does not speak TLS at all. */
const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|UNEXPECTED_MESSAGE|RECORD_TOO_SMALL|BAD_RECORD_TYPE|INVALID_/

export default defineCheck({
  id: 'mail/submission-tls',
  title: 'The TLS port of submission speaks TLS from the first byte',
  failureTitle: 'The TLS port of submission does not work',
  why: 'Port 465 is what mail programs are told to use today. One that begins in plain text, or does not answer, keeps them from sending.',
  source: 'RFC 8314 §3.3, §7.3',
  severity: 'high',
  codes: {
    'mail.submissions.no-listener': {
      meaning: 'Nothing listens on the declared port.',
      fix: 'Enable it (Postfix: the submissions service of master.cf), and open the port.',
    },
    'mail.submissions.plain': {
      meaning: 'The port does not speak TLS from the first byte.',
      fix: 'Switch implicit TLS on (Postfix: smtpd_tls_wrappermode = yes); STARTTLS belongs to 587.',
    },
    'mail.submissions.handshake': {
      meaning: 'No handshake of TLS 1.2 or 1.3 comes about.',
      fix: 'Look at the log; allow TLS 1.2 and 1.3, and see whether certificate and key can be read.',
    },
    'mail.submissions.silent': {
      meaning: 'Inside TLS the server does not greet with 220 and answer EHLO.',
      fix: 'Look at the log, and at the proxy before the server.',
    },
    'mail.submissions.old-versions': { meaning: 'TLS 1.0 or 1.1 is agreed to.', fix: 'Allow TLS 1.2 and 1.3 alone.' },
  },
  options: {},
  subjects: eachSubmission((_, { mode }) => mode === 'tls'),
  unless: { skip: 'not-declared', reason: 'the target names no port of submission that speaks TLS from the first byte (mail.submission, tls: 465)' },
  needs: (subject) => ({ look: attempt(lookAt(subject)), old: attempt(smtpOldTls(placeOf(subject))) }),
  judge: ({ look, old }, { subject }) => {
    const { host, port } = placeOf(subject)
    const expected = 'TLS 1.2 or 1.3 at once, then 220 and 250 to EHLO'
    if (!look.ok) {
      const evidence = { what: subject.name, expected, received: `${look.failure.message} (${look.failure.code})`, where: `${host}:${port}` }
      if (isRefused(look)) return fail('mail.submissions.no-listener', evidence)
      return inconclusive(look.failure.code === 'UNMAPPED' ? 'misused' : 'unobserved', look.failure.message, evidence)
    }
    const { tls, greeting, ehlo, ended } = look.value
    const say = (received: string) => line(look.value, `TLS of ${subject.name}`, expected, received)
    if (tls === undefined) {
      const code = ended?.failure.code ?? ''
      if (NO_TLS.test(code)) return fail('mail.submissions.plain', say(endText(ended)))
      // Silence proves nothing (rules G1).
      if (code === 'TIMEOUT' || ended?.failure.phase === 'deadline') return inconclusive('unobserved', endText(ended), say(endText(ended)))
      return fail('mail.submissions.handshake', say(endText(ended)))
    }
    if (greeting === undefined || (greeting.code === 220 && ehlo === undefined))
      return inconclusive('unobserved', endText(ended), say(`${tls.protocol}; ${endText(ended)}`))
    if (greeting.code !== 220 || ehlo?.code !== 250) return fail('mail.submissions.silent', say(`${tls.protocol}; ${replyText(ehlo ?? greeting)}`))
    const evidence = say(`${tls.protocol} ${tls.cipher}; ${replyText(greeting)}`)
    if (old.ok && old.value.protocol !== undefined)
      return warn('mail.submissions.old-versions', [line(old.value, `oldest TLS of ${subject.name}`, 'TLS 1.2 or 1.3', old.value.protocol), evidence], 'medium')
    return pass(evidence)
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject)),
  covers: ['A72'],
})

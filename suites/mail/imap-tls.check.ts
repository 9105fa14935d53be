import { defineCheck } from '../../helpers/check.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { eachImap, endText, imapAt, line, noImap, opensslMail, placeOf } from './servers.ts'

const NO_TLS = /WRONG_VERSION_NUMBER|PACKET_LENGTH|HTTP_REQUEST|UNEXPECTED_MESSAGE|RECORD_TOO_SMALL|BAD_RECORD_TYPE|INVALID_/

export default defineCheck({
  id: 'mail/imap-tls',
  title: 'IMAP speaks TLS from the first byte on its port',
  failureTitle: 'The TLS port of IMAP does not work',
  why: 'Port 993 is what mail programs use; without it people cannot read mail, or read it in plain text.',
  source: 'RFC 8314 §3.2; RFC 9051 §7.1.1',
  severity: 'high',
  codes: {
    'mail.imap.no-listener': {
      meaning: 'Nothing listens on the declared port.',
      fix: 'Enable it (Dovecot: protocols = imap, inet_listener imaps), and open the port.',
    },
    'mail.imap.plain-on-tls': {
      meaning: 'The port does not speak TLS from the first byte.',
      fix: 'Switch TLS on for this listener (Dovecot: ssl = yes in inet_listener imaps).',
    },
    'mail.imap.handshake': {
      meaning: 'No handshake of TLS 1.2 or 1.3 comes about.',
      fix: 'Look at the log; allow TLS 1.2 and 1.3, and see whether certificate and key can be read.',
    },
    'mail.imap.refused': { meaning: 'Inside TLS the server says BYE, or what is no greeting.', fix: 'Look at its log.' },
  },
  options: {},
  subjects: eachImap(({ mode }) => mode === 'tls'),
  unless: noImap,
  needs: (subject) => ({ look: attempt(imapAt(subject)) }),
  judge: ({ look }, { subject }) => {
    const { host, port } = placeOf(subject)
    const expected = 'TLS 1.2 or 1.3 at once, then a greeting and CAPABILITY'
    if (!look.ok) {
      const evidence = { what: subject.name, expected, received: `${look.failure.message} (${look.failure.code})`, where: `${host}:${port}` }
      if (isRefused(look)) return fail('mail.imap.no-listener', evidence)
      return inconclusive(look.failure.code === 'UNMAPPED' ? 'misused' : 'unobserved', look.failure.message, evidence)
    }
    const { tls, greeting, capabilities, ended } = look.value
    const say = (received: string) => line(look.value, `TLS of ${subject.name}`, expected, received)
    if (tls === undefined) {
      const code = ended?.failure.code ?? ''
      if (NO_TLS.test(code)) return fail('mail.imap.plain-on-tls', say(endText(ended)))
      if (code === 'TIMEOUT' || ended?.failure.phase === 'deadline') return inconclusive('unobserved', endText(ended), say(endText(ended)))
      return fail('mail.imap.handshake', say(endText(ended)))
    }
    if (greeting !== undefined && !/^\* (?:OK|PREAUTH)\b/i.test(greeting)) return fail('mail.imap.refused', say(`${tls.protocol}; ${greeting.slice(0, 200)}`))
    if (greeting === undefined || capabilities === undefined) return inconclusive('unobserved', endText(ended), say(`${tls.protocol}; ${endText(ended)}`))
    return pass(say(`${tls.protocol} ${tls.cipher}; ${greeting.slice(0, 200)}; ${capabilities.join(' ')}`))
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject), 'imap'),
})

import { defineCheck } from '../../helpers/check.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { imapLook } from '../../helpers/probes/imap.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { eachImap, endText, imapAt, line, opensslMail, placeOf } from './servers.ts'

export default defineCheck({
  id: 'mail/imap-starttls',
  title: 'IMAP in plain text becomes TLS when it is asked to',
  failureTitle: 'STARTTLS of IMAP does not work',
  why: 'Old mail programs begin in plain text: without STARTTLS their passwords cross the network in the clear, and with a flawed one somebody can slip commands in.',
  source: 'RFC 9051 §6.2.1; RFC 8314 §3.2; CVE-2011-1926 (commands behind STARTTLS)',
  severity: 'medium',
  codes: {
    'mail.imap.starttls-no-listener': {
      meaning: 'Nothing listens on the declared port.',
      fix: 'Enable it, or leave startTls out of mail.imap: 993 alone is the better choice.',
    },
    'mail.imap.starttls-absent': { meaning: 'STARTTLS is not offered.', fix: 'Switch it on (Dovecot: ssl = required), or close the port.' },
    'mail.imap.starttls-refused': {
      meaning: 'STARTTLS is offered and does not lead to TLS.',
      fix: 'Look at the log: certificate or key can usually not be read.',
    },
    'mail.imap.injection': {
      meaning: 'A command said in plain text right behind STARTTLS is answered inside TLS.',
      fix: 'Update the server: it must throw away its input buffer before the handshake.',
    },
    'mail.imap.bye': { meaning: 'The server says BYE, or what is no greeting.', fix: 'Look at its log.' },
  },
  options: {},
  subjects: eachImap(({ mode }) => mode === 'plain'),
  unless: { skip: 'not-declared', reason: 'the target names no port of IMAP that begins in plain text (mail.imap, startTls)' },
  needs: (subject) => ({ look: attempt(imapAt(subject)), injected: attempt(imapLook(placeOf(subject), { inject: true })) }),
  judge: ({ look, injected }, { subject }) => {
    const { host, port } = placeOf(subject)
    const expected = 'STARTTLS offered, agreed to, the handshake complete, CAPABILITY answered again'
    if (!look.ok) {
      const evidence = { what: subject.name, expected, received: `${look.failure.message} (${look.failure.code})`, where: `${host}:${port}` }
      if (isRefused(look)) return fail('mail.imap.starttls-no-listener', evidence)
      return inconclusive(look.failure.code === 'UNMAPPED' ? 'misused' : 'unobserved', look.failure.message, evidence)
    }
    const { greeting, capabilities, startTls, tls, secureCapabilities, ended } = look.value
    const say = (received: string) => line(look.value, `STARTTLS of ${subject.name}`, expected, received)
    if (greeting !== undefined && !/^\* (?:OK|PREAUTH)\b/i.test(greeting)) return fail('mail.imap.bye', say(greeting.slice(0, 200)))
    if (capabilities === undefined) return inconclusive('unobserved', endText(ended), say(endText(ended)))
    if (!capabilities.includes('STARTTLS')) return fail('mail.imap.starttls-absent', say(`offered: ${capabilities.join(' ')}`))
    if (startTls === undefined) return inconclusive('unobserved', endText(ended), say(endText(ended)))
    if (tls === undefined) {
      if (ended?.failure.code === 'TIMEOUT' || ended?.failure.phase === 'deadline') return inconclusive('unobserved', endText(ended), say(endText(ended)))
      return fail('mail.imap.starttls-refused', say(ended === undefined ? startTls.slice(0, 200) : endText(ended)))
    }
    if (injected.ok && injected.value.injected !== undefined)
      return fail(
        'mail.imap.injection',
        line(injected.value, `NOOP in plain text behind STARTTLS of ${subject.name}`, 'no answer to it inside TLS', injected.value.injected.slice(0, 200)),
        'high',
      )
    if (secureCapabilities === undefined) return inconclusive('unobserved', endText(ended), say(endText(ended)))
    const { failure } = injected.ok && injected.value.ended !== undefined ? injected.value.ended : {}
    // Without the command there is TLS: for its sake the server ended the handshake, and obeyed nothing.
    if (failure?.phase === 'tls' && failure.code !== 'TIMEOUT')
      return pass(say(`${tls.protocol} ${tls.cipher}; with a command behind STARTTLS no TLS comes about: ${failure.message}`))
    if (!injected.ok || injected.value.tls === undefined)
      return inconclusive(
        'unobserved',
        injected.ok ? endText(injected.value.ended) : injected.failure.message,
        say('STARTTLS works; with a command behind it there was no TLS'),
      )
    return pass(say(`${tls.protocol} ${tls.cipher}; ${secureCapabilities.join(' ')}; a command said behind STARTTLS was forgotten`))
  },
  reproduce: (subject, target) => opensslMail(target, placeOf(subject), 'imap'),
})

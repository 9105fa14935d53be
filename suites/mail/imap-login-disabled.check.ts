import { defineCheck } from '../../helpers/check.ts'
import { imapMechanisms } from '../../helpers/grammar/imap-capability.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { eachImap, endText, imapAt, line, placeOf, talkFor } from './servers.ts'

/** These send no password that can be read on the way. */
const SAFE = /^(?:SCRAM-|GSSAPI$|EXTERNAL$)/

export default defineCheck({
  id: 'mail/imap-login-disabled',
  title: 'IMAP asks for no password in plain text',
  failureTitle: 'IMAP asks for passwords in plain text',
  why: 'A mail program with TLS switched off, or somebody on the way who strips STARTTLS, then sends the password in the clear.',
  source: 'RFC 9051 §6.2.3, §7.2.2 (LOGINDISABLED), §11.1; RFC 8314 §3.2',
  severity: 'high',
  codes: {
    'mail.imap.login-enabled': {
      meaning: 'LOGINDISABLED is not announced before TLS: LOGIN is open.',
      fix: 'Refuse passwords in plain text (Dovecot: disable_plaintext_auth = yes, ssl = required).',
    },
    'mail.imap.plain-auth': {
      meaning: 'A mechanism that sends the password readable is offered or taken before TLS.',
      fix: 'Refuse passwords in plain text (Dovecot: disable_plaintext_auth = yes, ssl = required).',
    },
  },
  options: {},
  subjects: eachImap(({ mode }) => mode === 'plain'),
  unless: { skip: 'not-declared', reason: 'the target names no port of IMAP that begins in plain text (mail.imap, startTls)' },
  needs: (subject) => ({ look: imapAt(subject) }),
  judge: ({ look }, { subject }) => {
    const { capabilities, plainAuth, ended } = look
    const say = (received: string) => line(look, `${subject.name} before TLS`, 'LOGINDISABLED, no mechanism that sends the password readable', received)
    if (capabilities === undefined) return inconclusive('unobserved', endText(ended), say(endText(ended)))
    const open = imapMechanisms(capabilities).filter((one) => !SAFE.test(one))
    const evidence = say(`${capabilities.join(' ')}; AUTHENTICATE PLAIN was answered ${plainAuth?.slice(0, 200) ?? endText(ended)}`)
    if (open.length > 0 || plainAuth?.startsWith('+') === true) return fail('mail.imap.plain-auth', evidence)
    if (!capabilities.includes('LOGINDISABLED')) return fail('mail.imap.login-enabled', evidence)
    return plainAuth === undefined ? inconclusive('unobserved', endText(ended), evidence) : pass(evidence)
  },
  reproduce: (subject, target) => talkFor(target, placeOf(subject), ['a1 CAPABILITY']),
})

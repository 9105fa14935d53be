/** What a conversation shows in which a command in plain text stood right behind STARTTLS. */
import type { SmtpInjection } from '../../helpers/probes/smtp.ts'
import { endText, line, replyText, type Shown } from './servers.ts'

/**
 * An empty list: the server did not agree to STARTTLS.
 * @param works without the command behind STARTTLS there is TLS: then it is for its sake that the server ended the handshake
 */
export function injectionShown<Code extends string>(seen: SmtpInjection, name: string, code: Code, works: boolean): Shown<Code> {
  const { startTls, tls, replies, ended } = seen
  if (startTls === undefined) return ended === undefined ? [] : [{ unknown: `${name}: ${endText(ended)}` }]
  if (startTls.code !== 220) return []
  const say = (received: string) => line(seen, `${name}: NOOP in plain text behind STARTTLS`, 'no answer to it inside TLS', received)
  if (tls === undefined && works && ended?.failure.phase === 'tls' && ended.failure.code !== 'TIMEOUT')
    return [{ grade: 'pass', evidence: say(`no TLS came of it: ${endText(ended)}`) }]
  if (tls === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
  const others = replies.filter((reply) => reply.code !== 221)
  if (others.length > 1) return [{ grade: 'fail', code, evidence: say(`${others.length} answers to EHLO alone: ${others.map(replyText).join(' | ')}`) }]
  const [only] = others
  if (only === undefined) return [{ unknown: `${name}: ${endText(ended)}`, evidence: say(endText(ended)) }]
  return [{ grade: 'pass', evidence: say(`one answer to EHLO: ${replyText(only)}`) }]
}

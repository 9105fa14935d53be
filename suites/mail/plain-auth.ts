/** Whether a server lets people sign in before TLS. */
import type { SmtpLook } from '../../helpers/probes/smtp.ts'
import type { Severity } from '../../helpers/verdict.ts'
import { endText, line, replyText, type Shown } from './servers.ts'

export function authBeforeTls<Code extends string>(seen: SmtpLook, name: string, code: Code, severity: Severity): Shown<Code> {
  const { extensions, plainAuth } = seen
  if (extensions === undefined) return [{ unknown: `${name} did not come to EHLO: ${endText(seen.ended)}` }]
  const say = (received: string) => line(seen, `${name}: AUTH in plain text`, 'neither offered nor taken', received)
  const answer = plainAuth === undefined ? endText(seen.ended) : replyText(plainAuth)
  if (extensions.auth !== undefined)
    return [{ grade: 'fail', code, evidence: say(`offered: ${extensions.auth.join(' ')}; AUTH was answered ${answer}`), severity }]
  if (plainAuth === undefined) return [{ unknown: `${name}: ${answer}`, evidence: say(answer) }]
  // A prompt for a password in plain text, offered or not.
  if (plainAuth.code < 400) return [{ grade: 'fail', code, evidence: say(`not offered, yet AUTH was answered ${answer}`), severity }]
  if (plainAuth.code < 500 && plainAuth.code !== 454) return [{ unknown: `${name}: AUTH was answered ${answer}`, evidence: say(answer) }]
  return [{ grade: 'pass', evidence: say(`not offered; AUTH was answered ${answer}`) }]
}

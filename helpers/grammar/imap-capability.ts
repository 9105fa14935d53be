/** What an IMAP server says it can do (RFC 9051 §6.1.1, §7.1, §7.2.2). */

/** Capabilities in capitals, each once, of a `* CAPABILITY` line or of the response code in a greeting; undefined: the line has none. */
export function readImapCapabilities(line: string): readonly string[] | undefined {
  const [, listed] = /^\* CAPABILITY ([^\r\n]*)$/i.exec(line) ?? /^(?:\*|[A-Za-z0-9.]+) (?:OK|PREAUTH) \[CAPABILITY ([^\]\r\n]*)\]/i.exec(line) ?? []
  if (listed === undefined) return undefined
  return [
    ...new Set(
      listed
        .split(' ')
        .filter((word) => word !== '')
        .map((word) => word.toUpperCase()),
    ),
  ]
}
/** SASL mechanisms among them (`AUTH=PLAIN`). */
export const imapMechanisms = (capabilities: readonly string[]): readonly string[] =>
  capabilities.filter((one) => one.startsWith('AUTH=')).map((one) => one.slice('AUTH='.length))

/** Replies of a mail server (RFC 5321 §4.2), their enhanced codes (RFC 3463, RFC 2034) and what it says it can do (RFC 5321 §4.1.1.1, RFC 4954, RFC 1870). */

export interface SmtpReply {
  /** 200 to 599. */
  readonly code: number
  /** `5.7.1`, where the text begins with one of the reply's own class. */
  readonly enhanced?: string
  /** Text of each line, without code and separator. */
  readonly lines: readonly string[]
}
export type SmtpReplyReading = { readonly ok: true; readonly value: SmtpReply } | { readonly ok: false; readonly error: string }

const LINE = /^([2-5][0-9]{2})(?:([ -])([\s\S]*))?$/

/** One line without its end; undefined: no line of a reply. A bare code is a last line. */
export function readReplyLine(line: string): { readonly code: number; readonly last: boolean; readonly text: string } | undefined {
  const [, code, separator, text] = LINE.exec(line) ?? []
  return code === undefined ? undefined : { code: Number(code), last: separator !== '-', text: text ?? '' }
}

/** The enhanced code that a text begins with; one of another class than the reply counts for nothing. */
export function enhancedCode(code: number, text: string): string | undefined {
  const [, found] = /^([245]\.(?:0|[1-9][0-9]{0,2})\.(?:0|[1-9][0-9]{0,2}))(?: |$)/.exec(text) ?? []
  return found !== undefined && found[0] === String(code)[0] ? found : undefined
}

/** A whole reply from its lines: every line has the same code, the last one alone says that it is the last. */
export function readReply(lines: readonly string[]): SmtpReplyReading {
  const read: NonNullable<ReturnType<typeof readReplyLine>>[] = []
  for (const [index, line] of lines.entries()) {
    const one = readReplyLine(line)
    if (one === undefined) return { ok: false, error: `line ${index + 1} does not begin with a reply code` }
    if (one.code !== (read[0]?.code ?? one.code)) return { ok: false, error: `line ${index + 1} has the code ${one.code} in a reply of ${read[0]?.code ?? 0}` }
    if (one.last !== (index === lines.length - 1))
      return { ok: false, error: one.last ? `line ${index + 1} ends the reply, and more follows` : 'the reply does not end' }
    read.push(one)
  }
  const [first] = read
  if (first === undefined) return { ok: false, error: 'there is no line' }
  const enhanced = enhancedCode(first.code, first.text)
  return { ok: true, value: { code: first.code, ...(enhanced === undefined ? {} : { enhanced }), lines: read.map(({ text }) => text) } }
}

/** What the answer to EHLO says. */
export interface Extensions {
  /** Name that the server calls itself, the first word of the first line. */
  readonly name: string
  /** Keywords in capitals, each once, in order. */
  readonly keywords: readonly string[]
  /** Mechanisms of AUTH in capitals, each once; undefined: AUTH is not offered. The old form `AUTH=LOGIN` counts. */
  readonly auth?: readonly string[]
  /** Octets of the largest message; 0: no fixed limit; undefined: SIZE is not offered, or its number is none. */
  readonly sizeBytes?: number
}
const once = (words: readonly string[]): readonly string[] => [...new Set(words.filter((word) => word !== '').map((word) => word.toUpperCase()))]

/** @param reply a 250 to EHLO */
export function readExtensions(reply: SmtpReply): Extensions {
  const [greeting = '', ...rest] = reply.lines
  const lines = rest.map((line) => line.trim().split(/[ \t]+/))
  const offers = lines.filter(([keyword]) => /^AUTH(?:=|$)/i.test(keyword ?? ''))
  const size = lines.find(([keyword]) => keyword?.toUpperCase() === 'SIZE')
  const limit = size === undefined ? undefined : (size[1] ?? '0')
  return {
    name: greeting.trim().split(/[ \t]/, 1)[0] ?? '',
    keywords: once(lines.map(([keyword]) => (keyword ?? '').replace(/=.*$/s, ''))),
    ...(offers.length === 0 ? {} : { auth: once(offers.flatMap(([keyword = '', ...words]) => [keyword.slice(5), ...words])) }),
    ...(limit !== undefined && /^[0-9]{1,15}$/.test(limit) ? { sizeBytes: Number(limit) } : {}),
  }
}

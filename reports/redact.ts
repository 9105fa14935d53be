/** Secrets never leave in any encoding: exact values and their usual transfer forms are replaced wherever they stand in a text. */

const REDACTED = '<secret>'

const htmlEscaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

/** Every form of a secret that a log, a header, a URL or a document may show. Values shorter than 4 characters would redact half of any text. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const base64 = bytes.toString('base64')
  const forms = [
    secret,
    base64,
    base64.replace(/={1,2}$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    htmlEscaped(secret),
    // Header fields are read byte by byte (RFC 9110 §5.5).
    bytes.toString('latin1'),
  ]
  // Inside longer base64 (`user:secret`), the secret's middle reads the same at one of three offsets.
  for (const offset of [1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const middle = shifted.slice(4, Math.floor(((bytes.length + offset) * 8) / 6 / 4) * 4)
    if (middle.length >= 8) forms.push(middle)
  }
  const whole = base64.slice(0, Math.floor(bytes.length / 3) * 4)
  if (whole.length >= 8) forms.push(whole)
  return [...new Set(forms)].filter((form) => form.length >= 4).sort((a, b) => b.length - a.length)
}

/**
 * A form as a regular expression, quoted as JSON once, twice or not at all: each quoting puts backslashes before quotes and backslashes. A run of backslashes
 * is one piece, and a form that begins with one begins where the run does: a text of nothing but backslashes is else tried from each in every way.
 */
const quotedOrNot = (form: string): string =>
  form.replace(/\\+["\n]?|["\n]|[\^$.*+?()[\]{}|/]/g, (piece, at: number) => {
    const end = /["\n]$/.exec(piece)?.[0] ?? ''
    const run = piece.startsWith('\\') ? piece.length - end.length : 0
    if (run === 0 && end === '') return `\\${piece}`
    const first = at === 0 ? String.raw`(?<!\\)` : ''
    if (end === '\n') return run === 0 ? `(?:\n|${first}${String.raw`\\+n`})` : `${first}${String.raw`\\`}{${run},}[\nn]`
    return `${first}${String.raw`\\`}{${run},}${end}`
  })

/** A text that was cut in the middle of a secret ends with its beginning; shorter beginnings tell nothing. */
const BEGINNING = 6

function withoutBeginnings(text: string, forms: readonly string[]): string {
  const ends = [...[...text.matchAll(/…/g)].map(({ index }) => index), text.length].reverse()
  let clean = text
  for (const end of ends) {
    const head = clean.slice(0, end)
    for (const form of forms) {
      let length = Math.min(form.length, head.length)
      while (length >= BEGINNING && !head.endsWith(form.slice(0, length))) length -= 1
      if (length < BEGINNING) continue
      clean = head.slice(0, -length) + REDACTED + clean.slice(end)
      break
    }
  }
  return clean
}

/** A function that replaces every form of every secret, and what is left of one where a text was cut; the identity where there are none. */
export function redactor(secrets: ReadonlyMap<string, string>): (text: string) => string {
  const forms = [...new Set([...secrets.values()].flatMap(formsOf))].sort((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const pattern = new RegExp(forms.map(quotedOrNot).join('|'), 'g')
  return (text) => withoutBeginnings(text.replaceAll(pattern, REDACTED), forms)
}

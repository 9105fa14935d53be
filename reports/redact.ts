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
    base64.replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    encodeURIComponent(secret),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    encodeURIComponent(secret).replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    JSON.stringify(secret).slice(1, -1),
    htmlEscaped(secret),
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

/** A function that replaces every form of every secret; the identity where there are none. */
export function redactor(secrets: ReadonlyMap<string, string>): (text: string) => string {
  const forms = [...new Set([...secrets.values()].flatMap(formsOf))].sort((a, b) => b.length - a.length)
  if (forms.length === 0) return (text) => text
  const pattern = new RegExp(forms.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|'), 'g')
  return (text) => text.replaceAll(pattern, REDACTED)
}

/** BIMI assertion records (draft-brand-indicators-for-message-identification §4.3). */

export interface Bimi {
  /** https address of the logo; empty: the domain declines to show one. */
  readonly logo: string
  /** https address of the certificate that vouches for it. */
  readonly authority?: string
}
export type BimiReading = { readonly ok: true; readonly value: Bimi } | { readonly ok: false; readonly error: string }

const isHttps = (text: string): boolean => /^https:\/\/[^\s/]/i.test(text) && URL.canParse(text)

export function readBimi(text: string): BimiReading {
  const parts = text.split(';').map((part) => part.trim())
  if (!/^v\s*=\s*BIMI1$/i.test(parts[0] ?? '')) return { ok: false, error: 'it does not begin with v=BIMI1' }
  const tags = new Map<string, string>()
  for (const part of parts.slice(1)) {
    if (part === '') continue
    const [, name, value] = /^([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?!\s)(.*)$/.exec(part) ?? []
    if (name === undefined) return { ok: false, error: `${JSON.stringify(part.slice(0, 80))} is no tag` }
    if (tags.has(name.toLowerCase())) return { ok: false, error: `the tag ${name} stands twice` }
    tags.set(name.toLowerCase(), value ?? '')
  }
  const logo = tags.get('l')
  const authority = tags.get('a') ?? ''
  if (logo === undefined) return { ok: false, error: 'the tag l is missing' }
  if (logo !== '' && !isHttps(logo)) return { ok: false, error: 'l is no https address' }
  if (authority !== '' && authority.toLowerCase() !== 'self' && !isHttps(authority)) return { ok: false, error: 'a is no https address' }
  return { ok: true, value: { logo, ...(authority === '' ? {} : { authority }) } }
}

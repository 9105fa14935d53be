/** Reader of one Strict-Transport-Security field value (RFC 6797 §6.1), and of a response's list of fields (§8.1). */
import { withoutBlanks, withoutTrailing } from './linear.ts'

export interface StrictTransportSecurity {
  readonly ok: true
  /** Seconds; not limited to any integer size (§6.1.1 names no limit). */
  readonly maxAge: number
  readonly includeSubDomains: boolean
  /** Not of the RFC: the token that asks for the browsers' built-in list (hstspreload.org). */
  readonly preload: boolean
  /** Directives that the RFC does not know; they are ignored (§6.1 rule 5). */
  readonly unknown: readonly string[]
  /** The number was written as a quoted-string: right by §6.1, refused by the preload list. */
  readonly quoted: boolean
  /** `max-age=031536000`: digits all the same, but a sign of a slip. */
  readonly leadingZero: boolean
}
export interface StrictTransportSecurityError {
  readonly ok: false
  /** What breaks the grammar, in words. */
  readonly error: string
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const QUOTED = /^"((?:[^"\\]|\\[\x00-\x7f])*)"$/
/** Headers of servers are capped long before; a longer one is hostile. */
const MOST = 65_536

/** Splits at semicolons outside quoted-strings; undefined when a quote stays open. */
function directives(value: string): readonly string[] | undefined {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index < value.length; index += 1) {
    const character = value[index]
    if (quoted && character === '\\') index += 1
    else if (character === '"') quoted = !quoted
    else if (character === ';' && !quoted) {
      parts.push(value.slice(start, index))
      start = index + 1
    }
  }
  if (quoted) return undefined
  parts.push(value.slice(start))
  return parts
}

/**
 * Never throws. A value whose grammar is broken has no effect in a browser (§8.1), so nothing is repaired here: a duplicate directive, a
 * comma (two fields joined into one), a missing or empty max-age, a value that is no number of seconds, are errors.
 */
export function readStrictTransportSecurity(value: string): StrictTransportSecurity | StrictTransportSecurityError {
  const wrong = (error: string): StrictTransportSecurityError => ({ ok: false, error })
  if (value.length > MOST) return wrong(`${value.length} characters`)
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return wrong('a control character')
  }
  const parts = directives(value)
  if (parts === undefined) return wrong('a quoted-string that is not closed')
  const seen = new Set<string>()
  const unknown: string[] = []
  let maxAge: { readonly digits: string; readonly quoted: boolean } | undefined
  let includeSubDomains = false
  let preload = false
  for (const part of parts) {
    const directive = withoutBlanks(part)
    if (directive === '') continue
    const equals = directive.indexOf('=')
    const name = withoutTrailing(equals < 0 ? directive : directive.slice(0, equals), ' \t')
    if (!TOKEN.test(name)) return wrong(name.includes(',') ? 'a comma: two fields in one' : `${JSON.stringify(name.slice(0, 40))} is no directive name`)
    const lower = name.toLowerCase()
    if (seen.has(lower)) return wrong(`the directive ${lower} appears twice`)
    seen.add(lower)
    let content: string | undefined
    let quoted = false
    if (equals >= 0) {
      const raw = directive.slice(equals + 1).replace(/^[ \t]+/, '')
      const string = QUOTED.exec(raw)
      quoted = string !== null
      if (!quoted && !TOKEN.test(raw))
        return wrong(raw.includes(',') ? 'a comma: two fields in one' : `${JSON.stringify(raw.slice(0, 40))} is no value of ${lower}`)
      content = string === null ? raw : (string[1] as string).replace(/\\(.)/g, '$1')
    }
    if (lower === 'max-age') {
      if (content === undefined) return wrong('max-age has no value')
      if (!/^[0-9]+$/.test(content)) return wrong(`max-age is ${JSON.stringify(content.slice(0, 40))}, not a number of seconds`)
      maxAge = { digits: content, quoted }
    } else if (lower === 'includesubdomains') {
      if (content !== undefined) return wrong('includeSubDomains takes no value')
      includeSubDomains = true
    } else if (lower === 'preload') {
      if (content !== undefined) unknown.push(lower)
      else preload = true
    } else unknown.push(lower)
  }
  if (maxAge === undefined) return wrong('max-age is missing')
  return {
    ok: true,
    maxAge: Number(maxAge.digits),
    includeSubDomains,
    preload,
    unknown,
    quoted: maxAge.quoted,
    leadingZero: /^0[0-9]/.test(maxAge.digits),
  }
}

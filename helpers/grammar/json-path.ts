/**
 * Reads the paths the target file may use to name one value of a JSON document: `$.a.b[0]`, `$['a b']`, `$["x"]`.
 * A subset of RFC 9535 (singular queries without negative indexes); everything else (wildcards, filters, `..`) is an error, never a guess.
 */

export type JsonPathSegment = string | number
export type JsonPath = { readonly ok: true; readonly segments: readonly JsonPathSegment[] } | { readonly ok: false; readonly error: string }

const MAX_LENGTH = 1024
const NAME = /[A-Za-z_\u0080-\u{10FFFF}][A-Za-z0-9_\u0080-\u{10FFFF}]*/uy
const INDEX = /\[(0|[1-9][0-9]{0,8})\]/y
const QUOTED = /\[(?:'((?:[^'\\\u0000-\u001f]|\\.)*)'|"((?:[^"\\\u0000-\u001f]|\\.)*)")\]/y
const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '/': '/', '\\': '\\', "'": "'", '"': '"' }

function unescape(text: string): string | undefined {
  let bad = false
  const value = text.replace(/\\(u[0-9A-Fa-f]{4}|.)/g, (_whole, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    const known = ESCAPES[escape]
    if (known === undefined) bad = true
    return known ?? ''
  })
  return bad ? undefined : value
}

/** Never throws. `$` alone names the whole document (no segments). Paths over 1024 characters are an error. */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > MAX_LENGTH) return { ok: false, error: `a path of more than ${MAX_LENGTH} characters` }
  if (!text.startsWith('$')) return { ok: false, error: `${JSON.stringify(text)} does not start with "$" (write $.${text})` }
  const segments: JsonPathSegment[] = []
  let at = 1
  while (at < text.length) {
    if (text[at] === '.') {
      NAME.lastIndex = at + 1
      const name = NAME.exec(text)
      if (name === null) return { ok: false, error: `no name after "." at character ${at + 1} of ${text}` }
      segments.push(name[0])
      at = NAME.lastIndex
      continue
    }
    INDEX.lastIndex = at
    const index = INDEX.exec(text)
    if (index !== null) {
      segments.push(Number(index[1]))
      at = INDEX.lastIndex
      continue
    }
    QUOTED.lastIndex = at
    const quoted = QUOTED.exec(text)
    const name = quoted === null ? undefined : unescape(quoted[1] ?? quoted[2] ?? '')
    if (name === undefined) {
      return { ok: false, error: `cannot read ${text} from character ${at + 1}: only .name, [0] and ['name'] are known (names with "-" need ['…'])` }
    }
    segments.push(name)
    at = QUOTED.lastIndex
  }
  return { ok: true, segments }
}

/** What a path names in a document: `found: false` when a member or index is not there (own members only, never prototypes). */
export type JsonLookup = { readonly found: true; readonly value: unknown } | { readonly found: false }

export function readJsonPath(document: unknown, segments: readonly JsonPathSegment[]): JsonLookup {
  let value = document
  for (const segment of segments) {
    if (typeof segment === 'number') {
      if (!Array.isArray(value) || segment >= value.length) return { found: false }
      value = value[segment]
    } else {
      if (value === null || typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, segment)) return { found: false }
      value = (value as Record<string, unknown>)[segment]
    }
  }
  return { found: true, value }
}

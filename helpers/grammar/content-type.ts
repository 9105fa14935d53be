/** Reader of one Content-Type value: strict by RFC 9110 §8.3.1, with what the MIME Sniffing Standard (§4.4) makes of a broken one told apart. */

export interface ContentType {
  readonly ok: true
  /** Lower case. */
  readonly type: string
  readonly subtype: string
  /** `text/html` */
  readonly essence: string
  /** Lower-case names; the first of a repeated parameter counts (MIME Sniffing §4.4 step 11). */
  readonly parameters: ReadonlyMap<string, string>
  /** Lower case; undefined when there is none. */
  readonly charset?: string
  /** Parameters that break the grammar or repeat: browsers pass over them. */
  readonly flaws: readonly string[]
}
export interface ContentTypeError {
  readonly ok: false
  readonly error: string
}

const MOST = 65_536
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const ESSENCE = /^[ \t\r\n]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)\/([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t\r\n]*(?=;|$)/
/** One parameter up to the next semicolon; a quoted-string may hold semicolons. */
const PARAMETER = /;[ \t]*(?:([^=;]*)(?:=("(?:[^"\\]|\\[\s\S])*"?[^;]*|[^;]*))?)?/y

/** Never throws. */
export function readContentType(value: string): ContentType | ContentTypeError {
  if (value.length > MOST) return { ok: false, error: `${value.length} characters` }
  const found = ESSENCE.exec(value)
  if (found === null) return { ok: false, error: value.trim() === '' ? 'empty' : `${JSON.stringify(value.slice(0, 60))} is no media type` }
  const type = (found[1] as string).toLowerCase()
  const subtype = (found[2] as string).toLowerCase()
  const parameters = new Map<string, string>()
  const flaws: string[] = []
  let at = found[0].length
  while (at < value.length) {
    PARAMETER.lastIndex = at
    const parameter = PARAMETER.exec(value)
    if (parameter === null || PARAMETER.lastIndex === at) break
    at = PARAMETER.lastIndex
    const name = (parameter[1] ?? '').trim().toLowerCase()
    const raw = parameter[2]?.trim()
    if (name === '' && raw === undefined) continue
    const quoted = raw === undefined ? null : /^"((?:[^"\\]|\\[\s\S])*)"$/.exec(raw)
    const content = quoted === null ? raw : (quoted[1] as string).replace(/\\([\s\S])/g, '$1')
    if (!TOKEN.test(name) || content === undefined || (quoted === null && !TOKEN.test(content))) flaws.push((parameter[0] ?? '').slice(1, 80).trim())
    else if (parameters.has(name)) flaws.push(`${name} appears twice`)
    else parameters.set(name, content)
  }
  const charset = parameters.get('charset')?.toLowerCase()
  return { ok: true, type, subtype, essence: `${type}/${subtype}`, parameters, ...(charset === undefined ? {} : { charset }), flaws }
}

/** JSON by its type (MIME Sniffing §4.6): application/json, text/json, or a subtype that ends in +json. */
export const isJsonType = (type: ContentType): boolean => type.subtype.endsWith('+json') || type.essence === 'application/json' || type.essence === 'text/json'
/** A JavaScript type (MIME Sniffing §4.6), the ones in use. */
export const isScriptType = (type: ContentType): boolean =>
  /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/.test(type.essence) || /^text\/(?:javascript1\.[0-5]|jscript|livescript)$/.test(type.essence)

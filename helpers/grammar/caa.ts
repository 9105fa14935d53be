/** CAA records (RFC 8659): who may issue certificates for a name. Reads the presentation form `0 issue "ca.example; key=value"`. */

export interface CaaProperty {
  readonly flags: number
  readonly critical: boolean
  /** Lower case. */
  readonly tag: string
  /** As written. */
  readonly value: string
  /**
   * For `issue` and `issuewild`: the issuer's domain, lower case; empty when nobody may issue, which is also what a malformed value means
   * (RFC 8659 §4.2).
   */
  readonly issuer?: string
  /** Names of the parameters, lower case (RFC 8657: accounturi, validationmethods). */
  readonly parameters: readonly string[]
  readonly malformed?: string
}
export type CaaReading = { readonly ok: true; readonly value: CaaProperty } | { readonly ok: false; readonly error: string }

const RECORD = /^(\d{1,3}) (\S+) "([\s\S]*)"$/
const ISSUER = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i
/** tag "=" value: letters and digits, then printable characters without semicolon and blank (RFC 8659 §4.2). */
const PARAMETER = /^([a-z0-9]+)\s*=\s*([\x21-\x3a\x3c-\x7e]*)$/i

/** One record. Unknown tags are read, their value untouched. Never throws. */
export function readCaa(text: string): CaaReading {
  const match = RECORD.exec(text)
  if (match === null) return { ok: false, error: 'not <flags> <tag> "<value>"' }
  const flags = Number(match[1])
  const tag = (match[2] as string).toLowerCase()
  const value = match[3] as string
  if (flags > 255) return { ok: false, error: 'flags are more than one byte' }
  if (!/^[a-z0-9]{1,15}$/.test(tag)) return { ok: false, error: 'the tag is not letters and digits' }
  const base = { flags, critical: (flags & 128) !== 0, tag, value, parameters: [] }
  if (tag !== 'issue' && tag !== 'issuewild') return { ok: true, value: base }
  const [domain = '', ...rest] = value.split(';').map((part) => part.trim())
  const given = rest.filter((part, index) => part !== '' || index < rest.length - 1)
  const parameters = given.map((part) => PARAMETER.exec(part)?.[1]?.toLowerCase())
  const bad =
    domain !== '' && !ISSUER.test(domain) ? 'the issuer is no domain name' : parameters.includes(undefined) ? 'a parameter is not tag=value' : undefined
  return {
    ok: true,
    value: {
      ...base,
      issuer: bad === undefined ? domain.toLowerCase() : '',
      parameters: parameters.filter((one) => one !== undefined),
      ...(bad === undefined ? {} : { malformed: bad }),
    },
  }
}

/** Tags that issuers know: RFC 8659, RFC 9495 (issuemail), the CA/Browser Forum's contacts and VMC. A critical flag on any other forbids issuing. */
export const KNOWN_TAGS: ReadonlySet<string> = new Set(['issue', 'issuewild', 'iodef', 'issuemail', 'issuevmc', 'contactemail', 'contactphone'])

/**
 * Whether a CA that goes by one of `issuers` may issue by this record set (RFC 8659 §4.1–4.3): wildcard names by issuewild where there is one,
 * else by issue; a set without either restricts nobody; an unknown critical property forbids everybody.
 */
export function permits(set: readonly CaaProperty[], issuers: readonly string[], wildcard: boolean): boolean {
  if (set.some((one) => one.critical && !KNOWN_TAGS.has(one.tag))) return false
  const wild = set.filter((one) => one.tag === 'issuewild')
  const relevant = wildcard && wild.length > 0 ? wild : set.filter((one) => one.tag === 'issue')
  if (relevant.length === 0) return true
  return relevant.some((one) => one.issuer !== undefined && one.issuer !== '' && issuers.some((issuer) => issuer.toLowerCase() === one.issuer))
}

/**
 * Strict readers of what rules caches: Cache-Control (RFC 9111 §5.2), HTTP dates (RFC 9110 §5.6.7), Age, Vary. Parse failure is a result; what a
 * cache would still understand of a broken header is given beside it.
 */

interface CacheDirective {
  /** Lower case. */
  readonly name: string
  /** Without quotes; absent where there was no `=`. */
  readonly value?: string
  readonly quoted: boolean
}

export interface CacheControl {
  /** In order, all lines together, duplicates kept. */
  readonly directives: readonly CacheDirective[]
  readonly noStore: boolean
  /** Unqualified; `no-cache="set-cookie"` is in {@link directives} only, since it does not hold for the whole response. */
  readonly noCache: boolean
  /** Unqualified, like {@link noCache}. */
  readonly private: boolean
  readonly public: boolean
  readonly immutable: boolean
  readonly mustRevalidate: boolean
  /** Seconds of the first readable occurrence, at most 2^31 (RFC 9111 §1.2.2). */
  readonly maxAge?: number
  readonly sMaxage?: number
  readonly staleWhileRevalidate?: number
  /** Grammar and values that a strict reader refuses, one line each. */
  readonly problems: readonly string[]
  /** Directives given more than once with differing values: `max-age: 60, 3600`. */
  readonly contradictions: readonly string[]
}

export type CacheControlResult =
  | { readonly ok: true; readonly value: CacheControl }
  | { readonly ok: false; readonly error: string; readonly value: CacheControl }

/** Longer is no header: servers and caches stop at 8 to 64 kB. */
const MOST_CHARACTERS = 65_536
const MOST_DIRECTIVES = 200
const LARGEST = 2 ** 31
/** Directive, its value as a token or a quoted-string, then a comma or the end. */
const ELEMENT =
  /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:=(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"))?[ \t]*)?(,|$)/y
const SECONDS: ReadonlySet<string> = new Set(['max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'])
const FLAGS: ReadonlySet<string> = new Set(['no-store', 'public', 'immutable', 'must-revalidate', 'proxy-revalidate', 'must-understand', 'no-transform'])
const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)

/**
 * Reads every Cache-Control line of a response together, as caches do (RFC 9110 §5.3). An absent header is `ok` with no directives.
 * @param lines raw values in the order received
 */
export function readCacheControl(lines: readonly string[]): CacheControlResult {
  const directives: CacheDirective[] = []
  const problems: string[] = []
  let error: string | undefined
  const text = lines.join(', ')
  if (text.length > MOST_CHARACTERS) error = `${text.length} characters`
  const source = text.slice(0, MOST_CHARACTERS)
  let at = 0
  while (at < source.length && directives.length < MOST_DIRECTIVES) {
    ELEMENT.lastIndex = at
    const found = ELEMENT.exec(source)
    if (found === null) {
      const comma = source.indexOf(',', at)
      const broken = source.slice(at, comma === -1 ? source.length : comma).trim()
      error ??= `${quote(broken)} is no directive`
      // Caches skip what they cannot read up to the next comma and take the rest.
      at = comma === -1 ? source.length : comma + 1
      continue
    }
    at = ELEMENT.lastIndex
    const [, name, token, quoted] = found
    if (name !== undefined)
      directives.push({
        name: name.toLowerCase(),
        quoted: quoted !== undefined,
        ...(token === undefined && quoted === undefined ? {} : { value: token ?? (quoted as string).replace(/\\(.)/g, '$1') }),
      })
    if (found[4] === '') break
  }
  if (directives.length >= MOST_DIRECTIVES) error ??= `more than ${MOST_DIRECTIVES} directives`
  const seconds = (name: string): number | undefined => {
    let first: number | undefined
    for (const one of directives) {
      if (one.name !== name) continue
      if (one.value === undefined || !/^[0-9]+$/.test(one.value)) {
        problems.push(`${name} ${one.value === undefined ? 'has no value' : `is ${quote(one.value)}, no number of seconds`}`)
        continue
      }
      if (one.quoted) problems.push(`${name} is quoted`)
      first ??= one.value.length > 10 ? LARGEST : Math.min(LARGEST, Number(one.value))
    }
    return first
  }
  const has = (name: string, unqualified = false): boolean => directives.some((one) => one.name === name && (!unqualified || one.value === undefined))
  for (const one of directives) if (FLAGS.has(one.name) && one.value !== undefined) problems.push(`${one.name} takes no value`)
  const maxAge = seconds('max-age')
  const sMaxage = seconds('s-maxage')
  const staleWhileRevalidate = seconds('stale-while-revalidate')
  const contradictions = [...SECONDS].flatMap((name) => {
    const values = [...new Set(directives.filter((one) => one.name === name).map((one) => one.value ?? ''))]
    return values.length > 1 ? [`${name}: ${values.join(', ')}`] : []
  })
  const value: CacheControl = {
    directives,
    noStore: has('no-store'),
    noCache: has('no-cache', true),
    private: has('private', true),
    public: has('public'),
    immutable: has('immutable'),
    mustRevalidate: has('must-revalidate'),
    ...(maxAge === undefined ? {} : { maxAge }),
    ...(sMaxage === undefined ? {} : { sMaxage }),
    ...(staleWhileRevalidate === undefined ? {} : { staleWhileRevalidate }),
    problems,
    contradictions,
  }
  return error === undefined ? { ok: true, value } : { ok: false, error, value }
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] as const
const FIXDATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/
const RFC850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, ([0-9]{2})-([A-Z][a-z]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/
const ASCTIME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([0-9]{4})$/

/** Milliseconds since 1970 of an HTTP-date in any of its three forms; undefined for anything else (`0`, `-1`, other zones). Two-digit years: 1970-2069. */
export function readHttpDate(text: string): number | undefined {
  const trimmed = text.trim()
  const fix = FIXDATE.exec(trimmed)
  const old = fix === null ? RFC850.exec(trimmed) : null
  const c = fix === null && old === null ? ASCTIME.exec(trimmed) : null
  const parts = fix ?? old
  const [day, month, year, hour, minute, second] = parts !== null ? parts.slice(1) : c === null ? [] : [c[2], c[1], c[6], c[3], c[4], c[5]]
  const index = MONTHS.indexOf((month ?? '').toLowerCase() as (typeof MONTHS)[number])
  if (index < 0) return undefined
  const full = old === null ? Number(year) : Number(year) + (Number(year) < 70 ? 2000 : 1900)
  const made = Date.UTC(full, index, Number(day), Number(hour), Number(minute), Math.min(59, Number(second)))
  const back = new Date(made)
  const real = back.getUTCDate() === Number(day) && Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60
  return Number.isNaN(made) || !real ? undefined : made
}

/** Seconds of an Age header (RFC 9111 §5.1): one line, a non-negative integer; undefined otherwise. */
export function readAge(lines: readonly string[]): number | undefined {
  const [line] = lines
  if (line === undefined || !/^[0-9]+$/.test(line.trim())) return undefined
  return Math.min(LARGEST, Number(line.trim()))
}

/** Lower-case field names of all Vary lines; `*` stays. What is no field name is left out. */
export function readVary(lines: readonly string[]): readonly string[] {
  const names = lines.flatMap((line) =>
    line
      .slice(0, 8_192)
      .split(',')
      .map((one) => one.trim().toLowerCase()),
  )
  return [...new Set(names.filter((one) => one === '*' || /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(one)))]
}

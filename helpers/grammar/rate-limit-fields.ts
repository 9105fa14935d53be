/**
 * What answers say of the quota: the fields of the IETF draft (draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy` and `RateLimit` as lists of
 * named items, and its two older forms), and the `X-RateLimit-*` that came before. A parse failure is a result; the draft says to ignore such fields.
 */

export type QuotaForm = 'draft' | 'draft-7' | 'draft-6' | 'legacy'

export interface Quota {
  readonly form: QuotaForm
  readonly limit?: number
  readonly remaining?: number
  /** Seconds until it is whole again. */
  readonly resetSeconds?: number
  /** Length of the window, seconds. */
  readonly windowSeconds?: number
  /** The reset is told as a moment, in seconds or milliseconds since 1970: nothing says which of both it is. */
  readonly epoch?: boolean
}
export type QuotaResult = { readonly ok: true; readonly quotas: readonly Quota[] } | { readonly ok: false; readonly error: string }

type Fields = readonly (readonly [name: string, value: string])[]
const MAX_LENGTH = 4_096
const WHOLE = /^\d{1,15}$/
const ITEM =
  /^[ \t]*(?:"((?:[ !#-[\]-~]|\\["\\])*)"|([A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*))((?:[ \t]*;[ \t]*[a-z*][a-z0-9_.*-]*(?:=(?:"(?:[ !#-[\]-~]|\\["\\])*"|-?\d{1,15}(?:\.\d{1,3})?|:[A-Za-z0-9+/=]*:|[A-Za-z*][^\s;,"]*|\?[01]))?)*)[ \t]*(?:,|$)/

interface Item {
  readonly name: string
  readonly parameters: ReadonlyMap<string, string>
}
function itemsOf(value: string): readonly Item[] | undefined {
  if (value.length > MAX_LENGTH) return undefined
  const items: Item[] = []
  let rest = value
  while (rest !== '') {
    const match = ITEM.exec(rest)
    if (match === null) return undefined
    const parameters = new Map<string, string>()
    for (const [, key = '', given] of (match[3] ?? '').matchAll(/;[ \t]*([a-z*][a-z0-9_.*-]*)(?:=("(?:[^"\\]|\\.)*"|[^;\s]+))?/g))
      parameters.set(key, given ?? '?1')
    items.push({ name: match[1] ?? match[2] ?? '', parameters })
    const ended = match[0].endsWith(',')
    rest = rest.slice(match[0].length)
    if (ended && rest.trim() === '') return undefined
  }
  return items.length === 0 ? undefined : items
}

/** Reads every quota that the header fields of one answer tell; none is `{ ok: true, quotas: [] }`. */
export function parseQuotas(fields: Fields): QuotaResult {
  const values = (name: string): readonly string[] => fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value.trim())
  const joined = (name: string): string | undefined => {
    const all = values(name)
    return all.length === 0 ? undefined : all.join(', ')
  }
  const fail = (error: string): QuotaResult => ({ ok: false, error })
  const quotas: Quota[] = []
  const policy = joined('ratelimit-policy')
  const state = joined('ratelimit')
  const limit6 = joined('ratelimit-limit')
  if (state !== undefined && /^\s*(?:limit|remaining|reset)\s*=/i.test(state)) {
    const parts = new Map<string, number>()
    for (const part of state.split(',')) {
      const [key = '', value = ''] = part.split('=', 2).map((text) => text.trim())
      if (!WHOLE.test(value)) return fail(`RateLimit: ${key} is no whole number`)
      if (parts.has(key.toLowerCase())) return fail(`RateLimit: ${key} stands twice`)
      parts.set(key.toLowerCase(), Number(value))
    }
    const [limit, remaining, resetSeconds] = ['limit', 'remaining', 'reset'].map((key) => parts.get(key))
    const window = /;\s*w=(\d{1,15})\b/.exec(policy ?? '')?.[1]
    quotas.push({
      form: 'draft-7',
      ...(limit === undefined ? {} : { limit }),
      ...(remaining === undefined ? {} : { remaining }),
      ...(resetSeconds === undefined ? {} : { resetSeconds }),
      ...(window === undefined ? {} : { windowSeconds: Number(window) }),
    })
  } else if (state !== undefined || (policy !== undefined && limit6 === undefined)) {
    const policies = policy === undefined ? [] : itemsOf(policy)
    const states = state === undefined ? [] : itemsOf(state)
    if (policies === undefined) return fail('RateLimit-Policy is no list of named items')
    if (states === undefined) return fail('RateLimit is no list of named items')
    const whole = (item: Item | undefined, key: string): number | undefined | 'no' => {
      const value = item?.parameters.get(key)
      return value === undefined ? undefined : WHOLE.test(value) ? Number(value) : 'no'
    }
    for (const name of new Set([...policies, ...states].map((item) => item.name))) {
      const own = policies.find((item) => item.name === name)
      const now = states.find((item) => item.name === name)
      const [limit, windowSeconds, remaining, resetSeconds] = [whole(own, 'q'), whole(own, 'w'), whole(now, 'r'), whole(now, 't')]
      if (limit === 'no' || windowSeconds === 'no' || remaining === 'no' || resetSeconds === 'no')
        return fail(`${JSON.stringify(name)}: a parameter is no whole number`)
      if (own !== undefined && limit === undefined) return fail(`RateLimit-Policy ${JSON.stringify(name)} has no q`)
      if (now !== undefined && remaining === undefined) return fail(`RateLimit ${JSON.stringify(name)} has no r`)
      quotas.push({
        form: 'draft',
        ...(limit === undefined ? {} : { limit }),
        ...(windowSeconds === undefined ? {} : { windowSeconds }),
        ...(remaining === undefined ? {} : { remaining }),
        ...(resetSeconds === undefined ? {} : { resetSeconds }),
      })
    }
  }
  for (const [form, prefix] of [
    ['draft-6', 'ratelimit-'],
    ['legacy', 'x-ratelimit-'],
    ['legacy', 'x-rate-limit-'],
  ] as const) {
    const told = ['limit', 'remaining', 'reset'].map((key) => values(`${prefix}${key}`))
    if (told.every((all) => all.length === 0)) continue
    const numbers: (number | undefined)[] = []
    for (const [index, all] of told.entries()) {
      const name = `${prefix}${['limit', 'remaining', 'reset'][index] ?? ''}`
      if (new Set(all).size > 1) return fail(`${name} stands ${all.length} times`)
      // "100, 100;w=60" and "100;w=60": the first number is the limit.
      const value = index === 0 ? all[0]?.split(/[,;]/, 1)[0]?.trim() : all[0]
      if (value !== undefined && !(WHOLE.test(value) || (index === 2 && /^\d{1,10}\.\d{1,6}$/.test(value)))) return fail(`${name} is no whole number`)
      numbers.push(value === undefined ? undefined : Number(value))
    }
    const [limit, remaining, reset] = numbers
    const epoch = reset !== undefined && reset > 1_000_000_000
    quotas.push({
      form,
      ...(limit === undefined ? {} : { limit }),
      ...(remaining === undefined ? {} : { remaining }),
      ...(reset === undefined || epoch ? {} : { resetSeconds: reset }),
      ...(epoch ? { epoch } : {}),
    })
  }
  return { ok: true, quotas }
}

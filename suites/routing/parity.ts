/** What one address of a host sends with an answer and another does not: headers of policy, attributes of cookies. */
import { expiryOf, parseSetCookie, type SetCookie } from '../../helpers/grammar/set-cookie.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { headerValue, headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Finding, Severity } from '../../helpers/verdict.ts'
import { evidenceOf } from './shared.ts'

const HSTS = 'strict-transport-security'
const CSP = 'content-security-policy'
/** What a server that was forgotten in the last change goes without. */
const POLICY: readonly string[] = [HSTS, CSP, 'x-frame-options', 'x-content-type-options', 'referrer-policy']

export interface At {
  readonly what: string
  readonly seen: HttpObservation
}

/** What a header demands, for comparison; undefined where it demands nothing. Nonces, hashes and places of reports are made anew with an answer. */
function demandOf({ headers }: HttpObservation, name: string): string | undefined {
  const values = headerValues(headers, name)
  const [first] = values
  if (first === undefined) return undefined
  if (name === HSTS) {
    const read = readStrictTransportSecurity(first)
    return read.ok && read.maxAge > 0 ? `max-age=${read.maxAge}${read.includeSubDomains ? '; includeSubDomains' : ''}` : undefined
  }
  const text = values.join(', ').toLowerCase()
  if (name !== CSP) return text.replaceAll(/\s+/g, ' ').trim()
  return text
    .split(/[;,]/)
    .map((directive) => [...new Set(directive.trim().split(/\s+/))].filter((word) => !/^'(?:nonce|sha\d+)-/.test(word)).join(' '))
    .filter((directive) => directive !== '' && !directive.startsWith('report-'))
    .join('; ')
}
const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
const shownOf = (seen: HttpObservation, name: string): string => {
  const value = headerValue(seen.headers, name)
  return value === undefined ? `${name}: absent` : `${name}: ${shortened(value)}`
}

function policyFindings(all: readonly At[]): readonly Finding[] {
  return POLICY.flatMap((name) => {
    const [first] = all.filter(({ seen }) => demandOf(seen, name) !== undefined)
    if (first === undefined) return []
    const wanted = demandOf(first.seen, name)
    return all.flatMap(({ what, seen }): Finding[] => {
      const here = demandOf(seen, name)
      if (here === wanted) return []
      const evidence = evidenceOf(seen, `${shownOf(first.seen, name)}, as at ${first.seen.peer}`, shownOf(seen, name), what)
      return here === undefined
        ? [{ grade: 'fail', code: 'routing.address.headers', severity: name === HSTS ? 'high' : 'medium', evidence }]
        : [{ grade: 'warn', code: 'routing.address.headers', severity: 'medium', evidence }]
    })
  })
}

/** Cookies by name; one that is taken back needs no attributes. */
const cookiesOf = (seen: HttpObservation): ReadonlyMap<string, SetCookie> =>
  new Map(
    headerValues(seen.headers, 'set-cookie').flatMap((field) => {
      const read = parseSetCookie(field)
      return read.ok && expiryOf(read.cookie, Date.parse(seen.at)).kind !== 'deletion' ? [[read.cookie.name, read.cookie] as const] : []
    }),
  )
const ATTRIBUTES: readonly (readonly [name: string, severity: Severity, has: (cookie: SetCookie) => boolean])[] = [
  ['Secure', 'high', ({ secure }) => secure],
  ['HttpOnly', 'high', ({ httpOnly }) => httpOnly],
  ['SameSite', 'medium', ({ sameSite }) => sameSite === 'strict' || sameSite === 'lax'],
]
function cookieFindings(all: readonly At[]): readonly Finding[] {
  const cookies = all.map((at) => ({ ...at, set: cookiesOf(at.seen) }))
  return cookies.flatMap(({ what, seen, set }) =>
    [...set].flatMap(([name, cookie]) =>
      ATTRIBUTES.flatMap(([attribute, severity, has]): Finding[] => {
        const other = has(cookie) ? undefined : cookies.find((one) => [...one.set].some(([same, theirs]) => same === name && has(theirs)))
        if (other === undefined) return []
        const evidence = evidenceOf(seen, `${attribute}, as at ${other.seen.peer}`, `no ${attribute}`, `cookie ${shortened(name)}: ${what}`)
        return [{ grade: 'fail', code: 'routing.address.cookies', severity, evidence }]
      }),
    ),
  )
}

/** @param all answers to one request, of one status and from one application; an error of the server is no basis (rules G5) */
export function weaker(all: readonly At[]): readonly Finding[] {
  const basis = all.filter(({ seen }) => seen.status < 500)
  return [...policyFindings(basis), ...cookieFindings(basis)]
}

/** The further answers of a host beside its document, and what of the document's headers they must carry too. */
import { headerValues, isHtml } from '../../helpers/headers.ts'
import { matchValue } from '../../helpers/matcher.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { splitUrl } from '../../helpers/probes/http.ts'
import type { Assets } from '../../helpers/probes/page.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, type Verdict } from '../../helpers/verdict.ts'
import type { Look, Looked } from './probes.ts'
import { CSP, declaredAbsent, evidenceOf, HSTS, matcherOf, NOWHERE, shownValues, usable } from './shared.ts'

/** A page that does not exist, and every declared way to an error on this host. */
export const errorLooks = (host: Host, target: Target): readonly Look[] => [
  { path: NOWHERE },
  ...(target.file.errorPages ?? []).flatMap((one) =>
    one.probe !== undefined && one.host === host.name ? [{ path: one.probe, right: [one.status].flat() }] : [],
  ),
]

/** Paths of other backends, routes of the interface and health endpoints of the host, each once. */
export const declaredPaths = (host: Host, target: Target): readonly string[] => {
  const health = (target.file.health ?? []).flatMap(({ url, method }) => {
    const parts = splitUrl(url.replaceAll('{domain}', target.domain))
    return parts?.scheme === 'https' && parts.host === host.fqdn && parts.port === undefined && method !== 'HEAD' ? [parts.path] : []
  })
  return [...new Set([...Object.keys(host.declared.paths ?? {}), ...(host.declared.apiPaths ?? []), ...health])]
}

/** The answers that can be judged: those that came and are no obstacle. */
export const usableOf = (looked: readonly Looked[]): readonly HttpObservation[] => looked.flatMap(({ seen, right }) => usable(seen, right) ?? [])

/** Headers of policy: what a location that forgets them loses. HSTS has a check of its own. */
const POLICY: ReadonlySet<string> = new Set([
  CSP,
  'x-frame-options',
  'x-content-type-options',
  'referrer-policy',
  'permissions-policy',
  'x-xss-protection',
  'cross-origin-opener-policy',
  'cross-origin-embedder-policy',
  'cross-origin-resource-policy',
])
/** Mean nothing on an answer that is no document. */
const DOCUMENT_ONLY: readonly string[] = [CSP, 'x-frame-options', 'referrer-policy']
const ALWAYS: readonly string[] = ['x-content-type-options']

interface ReachCodes<Code extends string> {
  /** A declared header is missing or differs. */
  readonly declared: Code
  /** The document has it, this answer does not. */
  readonly lost: Code
}

/**
 * Judges one further answer: declared policy headers must be there as declared (`headers` of a host hold for every response); those that only
 * the document happens to send should not be lost where they would matter. One finding per header, at least one.
 * @param own declared headers of this path alone, lower-case names; they overrule those of the host
 */
export function reach<Code extends string>(
  host: Host,
  document: HttpObservation,
  other: HttpObservation,
  codes: ReachCodes<Code>,
  own: Host['headers'] = {},
): readonly Finding[] {
  const expectations = { ...host.headers, ...own }
  const declared = Object.keys(expectations).filter((name) => name !== HSTS && (name in own || (POLICY.has(name) && !declaredAbsent(expectations[name]))))
  const page = isHtml(other) && other.status >= 200 && (other.status < 300 || other.status >= 400)
  // Without a body there is nothing to guess the type of; HEAD speaks for the body that GET would bring.
  const content = other.body.length > 0 || other.method === 'HEAD'
  const expected = [...(content ? ALWAYS : []), ...(page ? DOCUMENT_ONLY : [])].filter(
    (name) => !declared.includes(name) && headerValues(document.headers, name).length > 0,
  )
  const findings = declared.map((name): Finding => {
    const values = headerValues(other.headers, name)
    const matcher = matcherOf(expectations[name] as Host['headers'][string])
    const value = new Set(values).size > 1 ? values.join(', ') : values[0]
    const match = matcher === undefined || name === CSP ? { ok: values.length > 0, expected: 'present' } : matchValue(matcher, value, { text: true })
    const evidence = evidenceOf(other, name, `${match.expected}, as declared`, shownValues(values))
    return match.ok ? { grade: 'pass', evidence } : { grade: 'fail', code: codes.declared, evidence }
  })
  for (const name of expected) {
    const values = headerValues(other.headers, name)
    const evidence = evidenceOf(other, name, 'present, as on the document', shownValues(values))
    findings.push(values.length > 0 ? { grade: 'pass', evidence } : { grade: 'warn', code: codes.lost, evidence })
  }
  if (findings.length === 0)
    findings.push({
      grade: 'pass',
      evidence: evidenceOf(
        other,
        'headers',
        'those declared, and those of the document that matter here',
        'none is declared, none of the document matters here',
      ),
    })
  return findings
}

/** Answers of the assets that this host serves itself. */
export const ownAnswers = (host: Host, assets: Assets): readonly HttpObservation[] =>
  assets.assets.flatMap(({ url, seen }) => (url.startsWith(`https://${host.fqdn}/`) ? (usable(seen) ?? []) : []))

/** A pass that rests on some of the answers only is none: what could not be judged is said instead. */
export function whole(verdict: Verdict, looked: readonly Looked[]): Verdict {
  const missing = looked.filter(({ seen, right }) => usable(seen, right) === undefined)
  if (verdict.outcome !== 'pass' || missing.length === 0) return verdict
  const names = missing.map(({ method, path, seen }) => `${method ?? 'GET'} ${path} (${seen.ok ? seen.value.status : seen.failure.code})`)
  return inconclusive('unobserved', `${missing.length} of ${looked.length} answers could not be judged: ${names.join(', ').slice(0, 300)}`, verdict.evidence)
}

/** What the header checks share: which answer they may judge, how it is shown, and the policies of a document. */
import type { Subject } from '../../helpers/check.ts'
import type { CrossOriginReading } from '../../helpers/grammar/cross-origin.ts'
import { type ContentSecurityPolicy, readContentSecurityPolicies, readMetaPolicy } from '../../helpers/grammar/content-security-policy.ts'
import { readStartTags, type StartTag } from '../../helpers/grammar/html.ts'
import { bodyText, headerValues, isChallenge, isHtml, isObstacle } from '../../helpers/headers.ts'
import type { HttpChain, HttpObservation } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import type { Host, Matcher, Target } from '../../helpers/target.ts'
import { type Evidence, fail, inconclusive, pass, type SkipReason, skip, type Verdict, warn } from '../../helpers/verdict.ts'

/** A path that no deployment has; the routing checks ask for it as well, so it costs nothing. */
export const NOWHERE = '/postproof-3f9c0d1e'
export const HSTS = 'strict-transport-security'
export const CSP = 'content-security-policy'

export const noHosts = { skip: 'not-declared' as SkipReason, reason: 'the target has no hosts' }
export const noPages = { skip: 'not-declared' as SkipReason, reason: 'the target has no host that shows pages' }

/** Hosts that show something of their own: not those that only redirect. */
export const showsPages = (host: Host): boolean => host.kind !== 'redirect'

export const curlDocument = (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
  curlForSeen(target, `https://${subject.host?.fqdn ?? subject.name}${subject.host?.path ?? '/'}`, evidence)
export const curlPath =
  (path: string) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    curlForSeen(target, `https://${subject.host?.fqdn ?? subject.name}${path}`, evidence)

const SHOWN = 300
/** All values of a header as one line for evidence. */
export const shownValues = (values: readonly string[]): string => {
  if (values.length === 0) return 'absent'
  const text = values.map((value) => JSON.stringify(value)).join(' and ')
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text
}
export const evidenceOf = (seen: HttpObservation, what: string, expected: string, received: string): Evidence => ({
  what,
  expected,
  received,
  where: `${seen.method} ${seen.url} ${seen.status} (${seen.peer})`,
  at: seen.at,
})

/** The last answer of a chain, or why it is no basis for a verdict (rules G4, G5). */
type Basis = { readonly seen: HttpObservation; readonly verdict?: never } | { readonly verdict: Verdict }

/** Any answer of the application, redirects too. A challenge, a limiter, a broken gateway say nothing about it, unless that status is declared right. */
export function answerOf(chain: HttpChain, host: Host): Basis {
  const seen = chain.hops.at(-1)
  if (seen === undefined) return { verdict: inconclusive('unobserved', `no answer: ${chain.reason ?? chain.end}`) }
  if (chain.end === 'failed' || chain.end === 'loop' || chain.end === 'too-many')
    return {
      verdict: inconclusive(
        'unobserved',
        `following the redirects did not end at a document: ${chain.reason ?? chain.end}`,
        evidenceOf(seen, 'the answer', 'a document', `${seen.status}`),
      ),
    }
  if (isChallenge(seen) || (isObstacle(seen) && !host.status.includes(seen.status)))
    return {
      verdict: inconclusive(
        'unobserved',
        `an obstacle answered instead of the application: status ${seen.status}`,
        evidenceOf(seen, 'the answer', 'the answer of the application', `${seen.status}`),
      ),
    }
  return { seen }
}

const isRedirect = (seen: HttpObservation): boolean => seen.status >= 300 && seen.status < 400

/** The document: a 2xx, what a login wall answers (401, 403), or a status the target declares right. */
export function documentOr(chain: HttpChain, host: Host): Basis {
  const basis = answerOf(chain, host)
  if (basis.verdict !== undefined) return basis
  const { seen } = basis
  if (isRedirect(seen))
    return {
      verdict: skip(
        'not-applicable',
        `the host shows no document here: it redirects (${seen.status}) to another host`,
        evidenceOf(seen, 'the answer', 'a document', `${seen.status}`),
      ),
    }
  if ((seen.status >= 200 && seen.status < 300) || seen.status === 401 || seen.status === 403 || host.status.includes(seen.status)) return { seen }
  return {
    verdict: inconclusive('unobserved', `status ${seen.status} is no document to judge`, evidenceOf(seen, 'the answer', 'a document', `${seen.status}`)),
  }
}

/** The document if it is HTML; what only matters to pages is not asked of anything else. */
export function pageOr(chain: HttpChain, host: Host): Basis {
  const basis = documentOr(chain, host)
  if (basis.verdict !== undefined) return basis
  const { seen } = basis
  if (isHtml(seen)) return basis
  return {
    verdict: skip(
      'not-applicable',
      'the document is no HTML',
      evidenceOf(seen, 'Content-Type', 'text/html', shownValues(headerValues(seen.headers, 'content-type'))),
    ),
  }
}

/** An answer to one of several questions: what can be judged; undefined where it failed, or an obstacle stood before it. */
export const usable = (seen: Observed<HttpObservation>, right: readonly number[] = []): HttpObservation | undefined =>
  seen.ok && !isChallenge(seen.value) && (right.includes(seen.value.status) || (seen.value.status !== 429 && seen.value.status !== 503))
    ? seen.value
    : undefined

interface DocumentPolicies {
  /** Of header fields, enforced. */
  readonly header: readonly ContentSecurityPolicy[]
  /** Of meta elements, as far as they have an effect there. */
  readonly meta: readonly ContentSecurityPolicy[]
  /** Contents of the meta elements as written. */
  readonly metaTexts: readonly string[]
  readonly reportOnly: readonly ContentSecurityPolicy[]
  /** All that browsers enforce. */
  readonly enforced: readonly ContentSecurityPolicy[]
}

const parsed = new WeakMap<HttpObservation, readonly StartTag[]>()
/** The start tags of a page, read once. */
export function tagsOf(seen: HttpObservation): readonly StartTag[] {
  const known = parsed.get(seen)
  if (known !== undefined) return known
  const { tags } = isHtml(seen) ? readStartTags(bodyText(seen)) : { tags: [] }
  parsed.set(seen, tags)
  return tags
}
/** Contents of `<meta http-equiv=…>` elements before the body (HTML §4.2.5.3: a policy outside the head has no effect). */
const metaEquiv = (seen: HttpObservation, name: string): readonly string[] => {
  const tags = tagsOf(seen)
  const body = tags.findIndex((tag) => tag.name === 'body')
  return tags
    .slice(0, body < 0 ? tags.length : body)
    .filter((tag) => tag.name === 'meta' && tag.attributes.get('http-equiv')?.trim().toLowerCase() === name)
    .map((tag) => tag.attributes.get('content') ?? '')
}

export function policiesOf(seen: HttpObservation): DocumentPolicies {
  const effective = (policy: ContentSecurityPolicy): boolean => policy.directives.size > 0
  const header = readContentSecurityPolicies(headerValues(seen.headers, CSP)).filter(effective)
  const metaTexts = metaEquiv(seen, CSP)
  const meta = metaTexts.map(readMetaPolicy).filter(effective)
  const reportOnly = readContentSecurityPolicies(headerValues(seen.headers, `${CSP}-report-only`)).filter(effective)
  return { header, meta, metaTexts, reportOnly, enforced: [...header, ...meta] }
}

type Expectation = Host['headers'][string]
const fields = (expectation: Expectation | undefined): Readonly<Record<string, unknown>> => (typeof expectation === 'object' ? expectation : {})

/** What the target declares of HSTS beyond the plain forms of every header. */
export const declaredHsts = (
  host: Host,
): { readonly maxAgeMin?: number; readonly includeSubDomains?: boolean; readonly preload?: boolean; readonly absent: boolean } => {
  const { maxAgeMin, includeSubDomains, preload, absent, present } = fields(host.headers[HSTS])
  return {
    ...(typeof maxAgeMin === 'number' ? { maxAgeMin } : {}),
    ...(typeof includeSubDomains === 'boolean' ? { includeSubDomains } : {}),
    ...(typeof preload === 'boolean' ? { preload } : {}),
    absent: absent === true || present === false,
  }
}
export const declaredCsp = (
  host: Host,
): {
  readonly strict: boolean
  readonly frameAncestorsInclude: readonly string[]
  readonly frameAncestorsExclude: readonly string[]
  readonly absent: boolean
} => {
  const { strict, frameAncestorsInclude, frameAncestorsExclude, present, absent } = fields(host.headers[CSP])
  const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])
  return {
    strict: strict === true,
    frameAncestorsInclude: texts(frameAncestorsInclude),
    frameAncestorsExclude: texts(frameAncestorsExclude),
    absent: present === false || absent === true,
  }
}

const PLAIN = ['equals', 'oneOf', 'min', 'max', 'regex', 'contains', 'present', 'absent', 'type'] as const
/** The part of a declared header that is a plain matcher; undefined when only the header's own keys (maxAgeMin, strict…) are given. */
export function matcherOf(expectation: Expectation): Matcher | undefined {
  if (typeof expectation !== 'object') return expectation
  const plain = Object.fromEntries(Object.entries(expectation).filter(([key, value]) => (PLAIN as readonly string[]).includes(key) && value !== undefined))
  return Object.keys(plain).length === 0 ? undefined : plain
}
/** The target says that this header must not be sent. */
export const declaredAbsent = (expectation: Expectation | undefined): boolean => {
  const { absent, present } = fields(expectation)
  return absent === true || present === false
}
/** curl of the first of some paths of the host. */
export const curlFirst =
  (paths: (host: Host, target: Target) => readonly string[]) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    subject.host === undefined ? curlDocument(subject, target) : curlPath(paths(subject.host, target)[0] ?? subject.host.path)(subject, target, evidence)
/** The target says something about this header on this host. */
export const isDeclared = (host: Host, name: string): boolean => host.headers[name.toLowerCase()] !== undefined

/** COOP, COEP and CORP alike: absent or restricting is right, rubbish is ignored by browsers, and saying that nothing is restricted must be meant. */
export function judgeIsolation<Code extends string>(
  chain: HttpChain,
  host: Host,
  policy: {
    readonly name: string
    readonly read: (fields: readonly string[]) => CrossOriginReading
    readonly open: string
    readonly codes: { readonly malformed: Code; readonly open: Code }
  },
): Verdict {
  const basis = documentOr(chain, host)
  if (basis.verdict !== undefined) return basis.verdict
  const { seen } = basis
  const values = headerValues(seen.headers, policy.name)
  const evidence = evidenceOf(seen, policy.name, 'absent, or a valid value that restricts', shownValues(values))
  const read = policy.read(values)
  switch (read.kind) {
    case 'absent':
      return pass(evidence)
    case 'malformed':
      return fail(policy.codes.malformed, { ...evidence, received: read.error })
    case 'value':
      return read.value === policy.open && !isDeclared(host, policy.name) ? warn(policy.codes.open, evidence, 'info') : pass(evidence)
    default:
      return read satisfies never
  }
}

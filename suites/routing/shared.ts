/** What the routing checks share: how an application is recognised by content, and what an edge says when nobody is behind it. */
import type { Subject } from '../../helpers/check.ts'
import { parseJsonPath, readJsonPath } from '../../helpers/grammar/json-path.ts'
import { bodyText, headerValues, isChallenge, mediaType, titleOf } from '../../helpers/headers.ts'
import { matchValue, REGEX_INPUT_LIMIT, showValue } from '../../helpers/matcher.ts'
import type { HttpChain, HttpObservation } from '../../helpers/observations.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import type { Marker, Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type SkipReason, type Verdict } from '../../helpers/verdict.ts'

/** Paths that no deployment has. */
export const NOWHERE = '/postproof-3f9c0d1e'
/** Names that no deployment serves: reserved for documentation and for what does not exist (RFC 2606). */
export const FOREIGN = 'postproof-unknown.example'

/** The skip of checks about every host, where the target has none. */
export const noHosts = { skip: 'not-declared' as SkipReason, reason: 'the target has no hosts' }
/** curl of the host's path, or of another one. */
export const curlHttps =
  (path?: string) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    curlForSeen(target, `https://${subject.host?.fqdn ?? subject.name}${path ?? subject.host?.path ?? '/'}`, evidence)

/** What an answer shows of itself, for evidence: its title, or the beginning of its text. */
const snippet = (seen: HttpObservation): string => {
  const title = titleOf(seen)
  if (title !== undefined) return `title ${showValue(title)}`
  const text = bodyText(seen).replace(/\s+/g, ' ').trim()
  return text === '' ? 'an empty body' : `${seen.body.length} bytes: ${showValue(text.slice(0, 100))}`
}
/** Status, type and {@link snippet} of an answer. */
export const shown = (seen: HttpObservation): string => `${seen.status} ${mediaType(seen.headers) ?? 'without Content-Type'}, ${snippet(seen)}`
/** Evidence about one answer: where and when come from the observation. */
export const evidenceOf = (seen: HttpObservation, expected: string, received = shown(seen), what = `${seen.method} ${seen.url}`): Evidence => ({
  what,
  expected,
  received,
  where: seen.peer,
  at: seen.at,
})

/** A limiter or a challenge answered instead of the application (rules G4). */
export const obstacle = (seen: HttpObservation): Verdict | undefined =>
  seen.status === 429 || isChallenge(seen)
    ? inconclusive('unobserved', `an obstacle answered ${seen.method} ${seen.url}: status ${seen.status}`, evidenceOf(seen, 'the answer of the host itself'))
    : undefined

/** The last answer of a chain; undefined when the hop after it could not be seen (then the document is unknown). */
export const documentIn = (chain: HttpChain): HttpObservation | undefined => (chain.end === 'failed' ? undefined : chain.hops.at(-1))
/** The verdict where the chain broke off before the document. */
export const noDocument = (chain: HttpChain): Verdict =>
  inconclusive(
    'unobserved',
    chain.reason ?? 'the document was not reached',
    chain.hops.map((hop) => evidenceOf(hop, 'the document at the end of the redirects')),
  )

type MarkerReading = { readonly ok: boolean; readonly evidence: readonly Evidence[]; readonly misused?: string }

const parsed = (seen: HttpObservation): { readonly ok: true; readonly value: unknown } | { readonly ok: false } => {
  try {
    return { ok: true, value: JSON.parse(bodyText(seen)) }
  } catch {
    return { ok: false }
  }
}

/** Whether the answer carries everything that marks the right application. Every demand gives its own evidence, failing ones first. */
export function readMarker(marker: Marker, seen: HttpObservation): MarkerReading {
  const items: { ok: boolean; evidence: Evidence }[] = []
  let misused: string | undefined
  const item = (ok: boolean, what: string, expected: string, received: string): void => {
    items.push({ ok, evidence: { what: `${what} of ${seen.url}`, expected, received, where: seen.peer, at: seen.at } })
  }
  const text = bodyText(seen)
  if (marker.body !== undefined)
    item(text.includes(marker.body), 'body', `contains ${showValue(marker.body)}`, text.includes(marker.body) ? 'it does' : snippet(seen))
  if (marker.bodyRegex !== undefined) {
    // Hostile bodies meet user-written expressions: they are tried piece by piece, never on a megabyte at once.
    let found = false
    let result = matchValue({ regex: marker.bodyRegex }, text.slice(0, REGEX_INPUT_LIMIT))
    found = result.ok
    for (let at = REGEX_INPUT_LIMIT / 2; !found && result.misused === undefined && at < text.length; at += REGEX_INPUT_LIMIT / 2) {
      result = matchValue({ regex: marker.bodyRegex }, text.slice(at, at + REGEX_INPUT_LIMIT))
      found = result.ok
    }
    misused ??= result.misused
    item(found, 'body', `matching /${marker.bodyRegex}/`, found ? 'it does' : snippet(seen))
  }
  if (marker.title !== undefined) {
    const title = titleOf(seen)
    item(title?.includes(marker.title) === true, 'title', `contains ${showValue(marker.title)}`, showValue(title))
  }
  for (const [name, matcher] of Object.entries(marker.header ?? {})) {
    const values = headerValues(seen.headers, name)
    const results = (values.length === 0 ? [undefined] : values).map((value) => matchValue(matcher, value, { text: true }))
    misused ??= results[0]?.misused
    item(
      results.every((one) => one.ok),
      `header ${name}`,
      results[0]?.expected ?? '',
      results.map((one) => one.received).join(', '),
    )
  }
  if (marker.json !== undefined) {
    const json = parsed(seen)
    for (const [path, matcher] of Object.entries(marker.json)) {
      if (!json.ok) {
        item(false, `JSON ${path}`, 'a JSON body', shown(seen))
        continue
      }
      const reading = parseJsonPath(path)
      if (!reading.ok) {
        misused ??= `the JSON path ${path} cannot be read: ${reading.error}`
        item(false, `JSON ${path}`, 'a readable path', reading.error)
        continue
      }
      const found = readJsonPath(json.value, reading.segments)
      const result = matchValue(matcher, found.found ? found.value : undefined)
      misused ??= result.misused
      item(result.ok, `JSON ${path}`, result.expected, result.received)
    }
  }
  const sorted = [...items].sort((a, b) => Number(a.ok) - Number(b.ok))
  return { ok: items.length > 0 && items.every((one) => one.ok), evidence: sorted.map((one) => one.evidence), ...(misused === undefined ? {} : { misused }) }
}

const EDGE_ERRORS: readonly (readonly [RegExp, string])[] = [
  [/<center><h1>50[234] [^<]*<\/h1><\/center>\s*<hr><center>(?:nginx|openresty)/i, 'error page of nginx'],
  [/<center><h1>404 Not Found<\/h1><\/center>\s*<hr><center>(?:nginx|openresty)/i, 'error page of nginx'],
  [/<h1>Welcome to nginx!<\/h1>/i, 'default page of nginx'],
  [/<title>(?:Apache2 [A-Za-z]+ Default Page|Test Page for)/i, 'default page of a web server'],
  [/^\s*404 page not found\s*$/, 'no route in a Go proxy (Traefik, Pangolin)'],
  [/^\s*no available server\s*$/i, 'no backend in Traefik'],
  [/^\s*(?:Bad Gateway|Gateway Timeout|Service Unavailable)\s*$/i, 'bare gateway error'],
  [/cf-error-details|<title>[^<]*\| 5(?:0[0-4]|2\d|30): /i, 'error page of Cloudflare'],
  [/<title>[^<]*(?:502 Bad Gateway|503 Service (?:Temporarily )?Unavailable|504 Gateway Time-?out)/i, 'gateway error page'],
]
/** Sentences of edges that know no such site. They stand in ordinary texts too, so they count only in a title or heading, or as the whole of a short page. */
const NO_SITE =
  /(?:site|tunnel|resource|application|deployment) (?:not found|is offline|(?:is )?(?:currently )?unavailable)|no such (?:app|tunnel|site)|there(?:'s| is) nothing here,? yet/i
const SHORT_PAGE = 240
/** Which edge speaks in place of an application; undefined when none is recognised. */
export function edgeError(seen: HttpObservation): string | undefined {
  const text = bodyText(seen).slice(0, 16_384)
  for (const [pattern, name] of EDGE_ERRORS) if (pattern.test(text)) return name
  if (mediaType(seen.headers)?.endsWith('json') === true) return undefined
  const heading = /<h1[^>]{0,200}>([^<]{0,200})/i.exec(text)?.[1] ?? ''
  const words = text
    .replace(/<(?:style|script)\b[^]{0,8192}?<\/(?:style|script)>|<[^>]{0,1000}>/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return NO_SITE.test(`${titleOf(seen) ?? ''}\n${heading}`) || (words.length <= SHORT_PAGE && NO_SITE.test(words)) ? 'the edge knows no such site' : undefined
}

/** What the exposure checks share: when an answer is a find, when it is only what the host answers to everything, and how little of it is shown. */
import type { Subject } from '../../helpers/check.ts'
import { inOrder } from '../../helpers/grammar/linear.ts'
import { bodyText, headerValue, isChallenge, isHtml, mediaType, titleOf } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Observed, Probe } from '../../helpers/probe.ts'
import { type Sweep, type SweepAnswer, sweepPaths, type SweepPath } from '../../helpers/probes/sweep.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, type Severity, type SkipReason, type Verdict, worst } from '../../helpers/verdict.ts'

/** What a path would give away, and the content that proves it. */
export interface Artefact extends SweepPath {
  readonly what: string
  readonly code: string
  /** @default the check's */
  readonly severity?: Severity
  /** @default 'fail' */
  readonly grade?: 'warn' | 'fail'
  /**
   * What in the answer proves it, described without quoting it; undefined: no proof. Sees at most the first 64 KiB.
   * Severity or grade given here replace the artefact's.
   */
  readonly proof: (text: string, seen: HttpObservation) => string | Proof | undefined
  /** The artefact is itself an HTML page. @default false: an HTML answer is never it */
  readonly html?: boolean
  /** It may be public on purpose (`exposure.publicPaths`). @default false */
  readonly declarable?: boolean
}
interface Proof {
  readonly shown: string
  readonly severity?: Severity
  readonly grade?: 'warn' | 'fail'
  readonly code?: string
}

export const noHosts = { skip: 'not-declared' as SkipReason, reason: 'the target has no hosts' }
export const curlOf =
  (path: string) =>
  (subject: Subject, target: Target, evidence?: readonly Evidence[]): string =>
    curlForSeen(target, `https://${subject.host?.fqdn ?? subject.name}${path}`, evidence, { flags: ['-sS', '-i'] })

export const evidenceOf = (seen: HttpObservation, expected: string, received = shownOf(seen), what = `${seen.method} ${seen.url}`): Evidence => ({
  what,
  expected,
  received,
  where: seen.peer,
  at: seen.at,
})
/** Status, type and size: never content. */
export function shownOf(seen: HttpObservation): string {
  const location = headerValue(seen.headers, 'location')
  const type = mediaType(seen.headers)
  return `status ${seen.status}${location === undefined || seen.status < 300 || seen.status > 399 ? '' : ` to ${location}`}, ${type ?? 'no Content-Type'}, ${seen.body.length} bytes`
}

/**
 * HTML by its first bytes, whatever the type says (pages are served as text/plain too), or by its type where there is any markup: a file without a
 * single tag is no page, even under text/html.
 */
export const looksLikeHtml = (seen: HttpObservation): boolean => {
  const text = bodyText(seen)
  return (
    /^\s*(?:<!--(?:(?!-->)[\s\S]){0,2000}-->\s*)*<(?:!doctype\s+html|html|head|body)\b/i.test(text.slice(0, 4_096)) ||
    (isHtml(seen) && inOrder(text.slice(0, 16_384), /<[a-z!/]/i, />/))
  )
}

/** An answer without what differs from one rendering of a page to the next: tokens, nonces, digits, the path that was asked for. */
function gist(seen: HttpObservation): string {
  const path = seen.url.replace(/^https?:\/\/[^/]+/, '')
  let text = bodyText(seen)
  for (const echo of [path, encodeURIComponent(path), path.replace(/^\//, ''), path.split('/').at(-1) ?? ''])
    if (echo.length > 3) text = text.replaceAll(echo, '')
  return text
    .replace(/[A-Za-z0-9+/_=-]{16,}/g, '')
    .replace(/\d+/g, '')
    .replace(/\s+/g, ' ')
}

/** Both answers are what the host says to anything: the same status and type, and the same content but for tokens, times and the path. */
export function sameAnswer(a: HttpObservation, b: HttpObservation): boolean {
  if (a.status !== b.status || mediaType(a.headers) !== mediaType(b.headers)) return false
  if (Buffer.from(a.body).equals(b.body)) return true
  if (!looksLikeHtml(a) && !/^(?:text\/|application\/(?:json|problem\+json))/.test(mediaType(a.headers) ?? '')) return false
  return (
    gist(a) === gist(b) ||
    (looksLikeHtml(a) && titleOf(a) !== undefined && titleOf(a) === titleOf(b) && Math.abs(a.body.length - b.body.length) <= a.body.length * 0.02)
  )
}

export const isSuccess = (seen: HttpObservation): boolean => seen.status >= 200 && seen.status < 300
/** A limiter, a broken backend or a challenge answered in place of the host (rules G4, G5). */
export const isBlocked = (seen: HttpObservation): boolean => [429, 502, 503, 504].includes(seen.status) || isChallenge(seen)

const named = (what: string): string => (/^[aeiou]/i.test(what) ? `an ${what}` : `a ${what}`)

/** Declared as public on purpose: the path itself, or a folder that ends with "/". */
export const isDeclaredPublic = (target: Target, path: string): boolean => {
  const bare = path.replace(/\?.*$/, '')
  return (target.file.exposure?.publicPaths ?? []).some((one) => one === path || one === bare || (one.endsWith('/') && bare.startsWith(one)))
}

const asProof = (found: string | Proof): Proof => (typeof found === 'string' ? { shown: found } : found)

/**
 * Judges a sweep by content: a find is a success status, with the proof of the artefact in it, that is no HTML page (unless the artefact is one),
 * and that a path beside it that cannot exist does not show too. What could not be asked makes the verdict inconclusive, never green.
 */
export function judgeSweep(artefacts: readonly Artefact[], sweep: Sweep, target: Target): Verdict {
  const findings: Finding[] = []
  const blind: Evidence[] = []
  let clear = 0
  const kinds = new Map<string, number>()
  artefacts.forEach((artefact, index) => {
    const answer = sweep.answers[index]
    const outcome = judgeArtefact(artefact, answer, target)
    if (outcome.kind === 'blind') blind.push(outcome.evidence)
    else if (outcome.kind === 'found') findings.push(outcome.finding)
    else {
      clear += 1
      kinds.set(outcome.why, (kinds.get(outcome.why) ?? 0) + 1)
      if (outcome.kind === 'notable') findings.push({ grade: 'pass', evidence: outcome.evidence })
    }
  })
  if (findings.some((one) => one.grade !== 'pass')) return worst([...findings, ...blind.map((evidence): Finding => ({ grade: 'pass', evidence }))])
  if (blind.length > 0)
    return inconclusive('unobserved', sweep.stopped ?? `${blind.length} of ${artefacts.length} paths gave no answer to judge`, blind.slice(0, 5))
  const again = sweep.answers.filter((answer) => (answer.seen?.attempts ?? 1) > 1).length
  const example = sweep.answers.find((answer) => answer.seen?.ok === true)?.seen
  return worst([
    ...findings,
    {
      grade: 'pass',
      evidence: {
        what: `${artefacts.length} paths: ${artefacts.map((one) => one.path).join(' ')}`,
        expected: 'none of them served with the content that proves it',
        received: `${clear} clear: ${[...kinds].map(([why, count]) => `${count} ${why}`).join(', ')}${again === 0 ? '' : `; ${again} answered at the second try`}`,
        ...(example?.ok === true ? { where: example.value.peer, at: example.value.at } : {}),
      },
    },
  ])
}

type Outcome =
  | { readonly kind: 'blind'; readonly evidence: Evidence }
  | { readonly kind: 'found'; readonly finding: Finding }
  | { readonly kind: 'clear'; readonly why: string }
  | { readonly kind: 'notable'; readonly why: string; readonly evidence: Evidence }

function judgeArtefact(artefact: Artefact, answer: SweepAnswer | undefined, target: Target): Outcome {
  const expected = `no ${artefact.what}`
  const unseen = (received: string): Outcome => ({ kind: 'blind', evidence: { what: artefact.path, expected: 'an answer to judge', received } })
  if (answer?.seen === undefined) return unseen('not asked: the sweep had stopped')
  if (!answer.seen.ok) return unseen(`${answer.seen.failure.phase}: ${answer.seen.failure.message} (${answer.seen.failure.code})`)
  const seen = answer.seen.value
  if (isBlocked(seen)) return { kind: 'blind', evidence: evidenceOf(seen, 'the answer of the host itself') }
  if (!isSuccess(seen)) return { kind: 'clear', why: `status ${seen.status}` }
  const raw = artefact.html !== true && looksLikeHtml(seen) ? undefined : artefact.proof(bodyText(seen), seen)
  if (raw === undefined)
    return {
      kind: 'clear',
      why: `status ${seen.status} without the content (${sameAsSibling(answer) ? 'the answer to every path' : looksLikeHtml(seen) ? 'a page' : 'something else'})`,
    }
  const { sibling } = answer
  if (sibling?.ok === true) {
    const beside = sibling.value
    if (isSuccess(beside) && (sameAnswer(seen, beside) || artefact.proof(bodyText(beside), beside) !== undefined))
      return { kind: 'clear', why: 'answered like any path that cannot exist' }
  } else if (sibling !== undefined) return unseen(`the path beside it gave no answer to compare with (${sibling.failure.code})`)
  const proof = asProof(raw)
  const evidence = evidenceOf(seen, expected, `${shownOf(seen)}: ${named(artefact.what)}, known by ${proof.shown}; content not shown`)
  if (artefact.declarable === true && isDeclaredPublic(target, artefact.path))
    return { kind: 'notable', why: 'declared public', evidence: { ...evidence, expected: 'public, as exposure.publicPaths says' } }
  const severity = proof.severity ?? artefact.severity
  return {
    kind: 'found',
    finding: { grade: proof.grade ?? artefact.grade ?? 'fail', code: proof.code ?? artefact.code, evidence, ...(severity === undefined ? {} : { severity }) },
  }
}

export const sameAsSibling = (answer: SweepAnswer): boolean =>
  answer.seen?.ok === true && answer.sibling?.ok === true && sameAnswer(answer.seen.value, answer.sibling.value)

export const sweepOf = (host: Host, name: string, artefacts: readonly Artefact[]): Probe<Sweep> =>
  sweepPaths(
    host.fqdn,
    name,
    artefacts.map(({ path, method, headers, body, maxBodyBytes, readMs }) => ({
      path,
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
      ...(readMs === undefined ? {} : { readMs }),
    })),
  )

/** The document of an `attempt`ed look, or why there is none. */
export const failureOf = (seen: Observed<unknown>): string => (seen.ok ? 'answered' : `${seen.failure.phase}: ${seen.failure.message} (${seen.failure.code})`)

/** What a text is known by: one expression, or several that match one behind the other. */
export type Mark = RegExp | readonly RegExp[]
export const bears = (text: string, mark: Mark): boolean => inOrder(text, ...[mark].flat())
/** Proof by what the text is known by: says what it is, never what stands there. */
export const by =
  (mark: Mark, shown: string): Artefact['proof'] =>
  (text) =>
    bears(text, mark) ? shown : undefined
/** The first of the proofs that holds. */
export const either =
  (...proofs: readonly Artefact['proof'][]): Artefact['proof'] =>
  (text, seen) => {
    for (const proof of proofs) {
      const found = proof(text, seen)
      if (found !== undefined) return found
    }
    return undefined
  }
/** Proof by the first bytes of a file format. */
export const magic =
  (bytes: string, shown: string): Artefact['proof'] =>
  (_text, seen) =>
    Buffer.from(seen.body.subarray(0, bytes.length)).toString('latin1') === bytes ? shown : undefined
/** Proof by a JSON document that satisfies `holds`; `cut` recognises one that is longer than what was read. */
export const json =
  (holds: (value: Readonly<Record<string, unknown>>) => boolean, shown: string, cut?: Mark): Artefact['proof'] =>
  (text, seen) => {
    try {
      const value: unknown = JSON.parse(text)
      return typeof value === 'object' && value !== null && holds(value as Readonly<Record<string, unknown>>) ? shown : undefined
    } catch {
      return seen.truncated && cut !== undefined && /^\s*[{[]/.test(text) && bears(text, cut) ? shown : undefined
    }
  }

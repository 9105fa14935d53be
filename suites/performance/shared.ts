/** What the performance checks share: budgets of the target, medians of several looks, and when a time says nothing about the target. */
import { eachHost, hostOf, type Subject } from '../../helpers/check.ts'
import { isObstacle, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { DocumentSample } from '../../helpers/probes/timing.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Evidence, fail, inconclusive, pass, type SkipReason, type Verdict } from '../../helpers/verdict.ts'

export type Budgets = NonNullable<Target['file']['performance']>
type Budget = Exclude<keyof Budgets, 'urls' | 'load' | 'throttled' | 'samples'>

/** A declared budget; NaN where there is none, so that nothing fits into it. */
export const budgetOf = (target: Target, name: Budget): number => target.file.performance?.[name] ?? Number.NaN
/** Looks at each document: as declared, never fewer than two, so that one slow look alone is no verdict. */
export const samplesOf = (target: Target): number => Math.max(2, target.file.performance?.samples ?? 3)

/** Every host that shows something, where the target declares this budget. */
export const budgetedHosts =
  (name: Budget, keep: (host: Host) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    target.file.performance?.[name] === undefined ? [] : eachHost(keep)(target)
export const showsPages = (host: Host): boolean => host.kind !== 'redirect'
export const noBudget = (name: Budget): { readonly skip: SkipReason; readonly reason: string } => ({
  skip: 'not-declared',
  reason: `performance.${name} is not declared`,
})

/** One timed look: how long it took, and how long this process itself was late meanwhile. Milliseconds. */
export interface Look {
  readonly ms: number
  readonly loopDelayMs: number
}

/** The middle value; of an even number the lower one, so that a single slow look of two is not held against the target. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
}

/** Nearest-rank percentile; NaN for none. @param rank in (0, 1] */
export function percentile(values: readonly number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * rank) - 1] ?? Number.NaN
}

const shownMs = (ms: number): string => (Number.isFinite(ms) ? `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms` : 'no answer in time')
const times = (looks: readonly Look[]): string => {
  const shown = looks.slice(0, 20).map((look) => shownMs(look.ms))
  return shown.length === 1 ? (shown[0] as string) : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`
}

/**
 * Judges looks against a budget by one of their number (the median unless said). Where even that number would fit if this process' own lateness
 * were taken off each look, nothing is known about the target. NaN, and no look at all, are on the failing side.
 */
export function withinBudget(
  looks: readonly Look[],
  budget: number,
  to: {
    readonly code: string
    readonly evidence: Omit<Evidence, 'expected' | 'received'>
    readonly by?: (values: readonly number[]) => number
    readonly name?: string
  },
): Verdict {
  if (looks.length === 0) return inconclusive('unobserved', 'there was no look to time')
  const by = to.by ?? median
  const value = by(looks.map((look) => look.ms))
  const evidence: Evidence = {
    ...to.evidence,
    expected: `≤ ${budget} ms`,
    received: looks.length === 1 ? times(looks) : `${to.name ?? 'median'} ${shownMs(value)} of ${times(looks)}`,
  }
  if (value <= budget) return pass(evidence)
  const without = by(looks.map((look) => Math.max(0, look.ms - look.loopDelayMs)))
  if (without <= budget) {
    const late = Math.max(...looks.map((look) => look.loopDelayMs))
    return inconclusive('unobserved', `this machine was busy for up to ${late.toFixed(0)} ms meanwhile`, evidence)
  }
  return fail(to.code, evidence)
}

/** An answer whose time counts: the declared status, or at least no error, limiter or challenge (an error page is fast for the wrong reason). */
export const counts = (seen: HttpObservation, host?: Host): boolean =>
  !isObstacle(seen) && (seen.status < 400 || (host !== undefined && host.status.includes(seen.status)))
export const statusEvidence = (seen: HttpObservation, expected: string): Evidence => ({
  what: `${seen.method} ${seen.url}`,
  expected,
  received: `status ${seen.status}, ${mediaType(seen.headers) ?? 'without Content-Type'}`,
  where: seen.peer,
  at: seen.at,
})

/** The verdict where a sample is no basis for times; undefined where all are. A sample that ran into its deadline counts as endless, not as unseen. */
export function unusable(samples: readonly DocumentSample[], host: Host): Verdict | undefined {
  for (const { hops, failed } of samples) {
    const bad = hops.find((hop) => !counts(hop, host))
    if (bad !== undefined)
      return inconclusive('unobserved', `an error, a limiter or a challenge was measured: status ${bad.status}`, statusEvidence(bad, 'a document'))
    if (failed !== undefined && failed.code !== 'TIMEOUT') return inconclusive('unobserved', `a sample failed: ${failed.message} (${failed.code})`)
  }
  return undefined
}

/** One look per sample: the sum of what `of` takes from each hop; endless where the sample ran into its deadline. */
export const looksOf = (samples: readonly DocumentSample[], of: (hop: HttpObservation, index: number) => number): readonly Look[] =>
  samples.map(({ hops, failed }) => ({
    ms: failed === undefined ? hops.reduce((sum, hop, index) => sum + of(hop, index), 0) : Number.POSITIVE_INFINITY,
    loopDelayMs: hops.reduce((most, hop) => Math.max(most, hop.timings.loopDelayMs), 0),
  }))

/** Where and when a series was seen: its first hop. */
export const seenAt = (samples: readonly DocumentSample[], what: string): Omit<Evidence, 'expected' | 'received'> => {
  const first = samples[0]?.hops[0]
  return first === undefined ? { what } : { what, where: first.peer, at: first.at }
}

/** curl that shows its own timings of the host's document. */
export const curlTimes = (subject: Subject, target: Target): string =>
  curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, {
    flags: [
      '-sS',
      '-o',
      '/dev/null',
      '-w',
      'dns %{time_namelookup} connect %{time_connect} tls %{time_appconnect} first byte %{time_starttransfer} total %{time_total} s\\n',
    ],
  })
/** curl that shows how many bytes come over the wire when content codings are offered. */
export const curlBytes = (subject: Subject, target: Target): string =>
  curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, {
    headers: [['Accept-Encoding', 'gzip, br']],
    flags: ['-sS', '-o', '/dev/null', '-w', '%{http_code} %{size_download} bytes\\n'],
  })

/** How much of a document or asset is read: enough to see that the largest declared budget is broken, on the wire and decoded, at most 16 MiB. */
export const readUpTo = (target: Target): number => {
  const { bodyBytes = 0, pageBytes = 0 } = target.file.performance ?? {}
  return Math.min(16 * 1024 * 1024, Math.max(2 * 1024 * 1024, 8 * Math.max(bodyBytes, pageBytes)))
}

export type UrlItem = NonNullable<Budgets['urls']>[number]

/** The host of the target that a URL belongs to, where it is one of its own. */
export const hostOfUrl = (url: string, target: Target): { readonly host?: Host } => {
  const host = URL.canParse(url) ? target.hosts.find((one) => one.fqdn === new URL(url).hostname) : undefined
  return host === undefined ? {} : { host }
}
/** One subject per declared URL that `keep` accepts. */
export const declaredUrls =
  (keep: (item: UrlItem) => boolean) =>
  (target: Target): readonly Subject[] =>
    (target.file.performance?.urls ?? []).filter(keep).map((item) => {
      const name = item.url.replaceAll('{domain}', target.domain)
      return { name, item, ...hostOfUrl(name, target) }
    })
export const curlUrl = (subject: Subject, target: Target): string =>
  curlFor(target, subject.name, {
    flags: ['-sS', '-o', '/dev/null', '-w', '%{http_code} first byte %{time_starttransfer} total %{time_total} s, %{size_download} bytes\\n'],
  })

/** What the checks of rate limits share: their subjects, how a look at a limiter is read, and its picture. */
import type { Subject } from '../../helpers/check.ts'
import type { RequestsFigure } from '../../helpers/figure.ts'
import { admittedBy, type FittedLimiter, inferLimiter } from '../../helpers/inference/limiter.ts'
import type { LimiterObservation, LimiterSample } from '../../helpers/probes/limiter.ts'
import { zoneRequest } from '../../helpers/rejection.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { type Evidence, inconclusive, type Verdict } from '../../helpers/verdict.ts'
import { type Zone, zonesOf } from '../../helpers/zones.ts'

/** One verdict per declared zone that limits requests in time and that `keep` accepts. */
export const eachZone =
  (keep: (zone: Zone) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    zonesOf(target)
      .filter((zone) => !onlyConcurrent(zone) && keep(zone))
      .map((zone) => subjectOf(zone, target))

/** Limits how many at once, and nothing else. */
export const onlyConcurrent = ({ declared, limit }: Zone): boolean => declared.concurrency !== undefined && limit === undefined

export function subjectOf(zone: Zone, target: Target): Subject {
  const { host: fqdn } = zoneRequest(zone.declared, target)
  const host = target.hosts.find((one) => one.fqdn === fqdn)
  return { name: zone.name, item: zone, ...(host === undefined ? {} : { host }) }
}

export const zoneOf = (subject: Subject): Zone => subject.item as Zone

/** Asks once and shows the status. */
export function curlOne(subject: Subject, target: Target): string {
  const { host, path, method } = zoneRequest(zoneOf(subject).declared, target)
  const { headers = {}, json, body } = zoneOf(subject).declared.request ?? {}
  const sent = json === undefined ? body : JSON.stringify(json)
  return curlFor(target, `https://${host}${path}`, {
    method,
    flags: ['-sS', '-o', '/dev/null', '-w', '%{http_code} '],
    headers: [...(json === undefined ? [] : ([['Content-Type', 'application/json']] as const)), ...Object.entries(headers)],
    ...(sent === undefined ? {} : { body: sent }),
  })
}
/** Asks until it is refused, and shows how often each status came. */
export function curlMany(subject: Subject, target: Target, count?: number): string {
  const times = count ?? Math.ceil((zoneOf(subject).limit?.atOnce ?? 50) * 1.1) + 5
  return `for i in $(seq ${times}); do ${curlOne(subject, target)}; done`
}

/** Nothing can be said of a limiter that was not seen at work, or whose look had to end. */
export function unclear(look: LimiterObservation): Verdict | undefined {
  const evidence = evidenceOf(look, 'a look at the limit from beginning to end', `${look.sent} requests, then no more`)
  if (look.aborted !== undefined) return inconclusive('unobserved', `the look was ended for the target's sake: ${look.aborted}`, evidence)
  if (look.usual === undefined && look.samples[0]?.fate !== 'admitted')
    return inconclusive(
      'unobserved',
      `the first request was not let through (${look.samples[0]?.failure ?? look.samples[0]?.status ?? 'no answer'}): there is nothing to compare with`,
      evidence,
    )
  return undefined
}
/** The same where only refusals can be judged: none came. */
export const unrefused = (look: LimiterObservation): Verdict | undefined =>
  unclear(look) ??
  (look.bannedSeconds !== undefined
    ? inconclusive('unobserved', `after the first refusal it said to stay away for ${look.bannedSeconds} s, so nothing more was asked`)
    : look.samples.some(({ fate }) => fate === 'refused')
      ? undefined
      : inconclusive('unobserved', 'nothing was refused, so there is nothing to judge', evidenceOf(look, 'a refusal', 'none')))

export const evidenceOf = (look: LimiterObservation, expected: string, received: string, what = `${look.method} ${look.url}`): Evidence => ({
  what,
  expected,
  received,
  where: look.peer,
  at: look.at,
})

const COUNTED: ReadonlySet<LimiterSample['phase']> = new Set(['first', 'flood', 'more', 'paced'])
/** Requests that the limiter counted under one key, in order of time. What another layer refused before it never reached it; what failed behind it did. */
const counted = (look: LimiterObservation, zone: Zone): readonly (LimiterSample & { readonly admitted: boolean })[] =>
  look.samples
    .filter(
      ({ phase, fate, status }) =>
        COUNTED.has(phase) && !(fate === 'broken' && status === 0) && !(fate === 'refused elsewhere' && zone.declared.layer === 'app'),
    )
    .map((sample) => ({ ...sample, admitted: sample.fate !== 'refused' }))
    .sort((a, b) => a.sentMs - b.sentMs)

const fits = new WeakMap<LimiterObservation, FittedLimiter>()
export function fitOf(look: LimiterObservation, zone: Zone): FittedLimiter {
  let fit = fits.get(look)
  if (fit === undefined) {
    const { kind, windowMs } = zone.limit ?? {}
    fit = inferLimiter(counted(look, zone), {
      ...(windowMs === undefined ? {} : { windowMs }),
      ...(kind === undefined || kind === 'window' ? {} : { kind }),
    })
    fits.set(look, fit)
  }
  return fit
}

/** Requests let through before the first refusal, and how long after the first they were asked. */
export function beforeRefusal(look: LimiterObservation, zone: Zone): { readonly admitted: number; readonly afterMs: number; readonly refused: boolean } {
  const all = counted(look, zone)
  const start = all[0]?.sentMs ?? 0
  const refusal = all.find(({ admitted }) => !admitted)
  const until = refusal?.doneMs ?? Number.POSITIVE_INFINITY
  const before = all.filter(({ admitted, sentMs, phase }) => admitted && sentMs <= until && phase !== 'paced')
  return { admitted: before.length, afterMs: (refusal?.doneMs ?? all.at(-1)?.doneMs ?? 0) - start, refused: refusal !== undefined }
}

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value >= 1 ? String(Math.round(value * 10) / 10) : value.toPrecision(2))
const KIND = {
  bucket: 'bucket (leaky with nodelay, or token: from outside they are one)',
  'delaying-bucket': 'leaky bucket that delays',
  fixed: 'fixed window',
  sliding: 'sliding window',
  none: 'no limit',
  'never-recovers': 'limit that did not open again while it was watched',
  unknown: 'limit of an unknown kind',
} as const satisfies Record<FittedLimiter['kind'], string>

/** `bucket, 10/s (9.8 to 10.3), 21 at once`. */
export function fitText(fit: FittedLimiter): string {
  const parts: string[] = [KIND[fit.kind]]
  if (fit.windowMs !== undefined)
    parts.push(`window ${number(fit.windowMs.value / 1_000)} s (${number(fit.windowMs.low / 1_000)} to ${number(fit.windowMs.high / 1_000)})`)
  else if (fit.perSecond !== undefined) {
    const perMinute = fit.perSecond.value < 1
    const by = perMinute ? 60 : 1
    parts.push(`${number(fit.perSecond.value * by)}/${perMinute ? 'min' : 's'} (${number(fit.perSecond.low * by)} to ${number(fit.perSecond.high * by)})`)
  }
  if (fit.atOnce !== undefined) parts.push(`${fit.atOnce.value} at once`)
  return parts.join(', ')
}

/** Requests over time, and the limiter fitted to them. */
export function figureOf(look: LimiterObservation, zone: Zone): RequestsFigure {
  const all = counted(look, zone)
  const start = all[0]?.sentMs ?? 0
  const fit = fitOf(look, zone)
  const end = (all.at(-1)?.sentMs ?? start) - start
  const model = Array.from({ length: 61 }, (_, index) => ({ atMs: (end * index) / 60, total: admittedBy(fit, (end * index) / 60) }))
  const line = model.flatMap(({ atMs, total }) => (total === undefined ? [] : [{ atMs: Math.round(atMs), total: Math.round(total * 10) / 10 }]))
  return {
    kind: 'requests',
    title: `${zone.name}: ${all.length} requests, declared ${zone.limit?.text ?? 'without a number'}`,
    points: all.map((one) => ({ atMs: Math.round((one.sentMs - start) * 10) / 10, accepted: one.admitted, label: String(one.status) })),
    ...(line.length === 0 ? {} : { model: { label: fitText(fit), line } }),
  }
}

/** More requests of one client at once than are declared: over HTTP/1.1 connections, as HTTP/2 streams, and one of another client meanwhile. Facts only. */
import { type Probe, ProbeError } from '../probe.ts'
import { type Fate, fateOf, zoneRequest } from '../rejection.ts'
import type { Target } from '../target.ts'
import { sleep } from '../sleep.ts'
import { zoneCosts, type Zone } from '../zones.ts'
import { originOf, requestOf } from './limiter.ts'
import { type PacedAnswer, PacedSender } from './paced.ts'

export interface Crowd {
  readonly asked: number
  readonly answers: readonly (PacedAnswer & { readonly fate: Fate })[]
  /** Most requests that were let through and under way at one moment, as seen from here. */
  readonly together: number
  /** Of these, surely under way at one moment over there: what is on the way is not with the application yet, or no more. Left out: as many. */
  readonly surely?: number
}
export interface ConcurrentObservation {
  readonly zone: string
  readonly url: string
  readonly method: string
  readonly peer: string
  readonly at: string
  readonly usual?: number
  readonly http1: Crowd
  /** Undefined: HTTP/2 is not spoken. */
  readonly http2?: Crowd
  /** Another address of this machine, meanwhile. */
  readonly second?: PacedAnswer & { readonly fate: Fate }
  /** One request when all is over. */
  readonly after: PacedAnswer & { readonly fate: Fate }
  readonly sent: number
}

const MORE = 3
/** What was held is given back when its answer is out, and a little later. */
const PAUSE_MS = 60

/** @param wayMs there and back: one may have been answered before another, sent meanwhile, arrived */
const togetherOf = (answers: readonly (PacedAnswer & { readonly fate: Fate })[], wayMs: number): number => {
  const admitted = answers.filter(({ fate }) => fate === 'admitted')
  return Math.max(0, ...admitted.map(({ sentMs }) => admitted.filter((one) => one.sentMs <= sentMs && one.doneMs - wayMs > sentMs).length))
}
/** A refusal does not wait for the application: the slowest one tells how long the way is at most; without one, the slowest connection does. */
const wayOf = (answers: readonly (PacedAnswer & { readonly fate: Fate })[], connectMs: number): number =>
  Math.max(connectMs, ...answers.filter(({ fate }) => fate === 'refused').map(({ sentMs, doneMs }) => doneMs - sentMs))

export function concurrentLook(zone: Zone, target: Target): Probe<ConcurrentObservation> {
  const place = zoneRequest(zone.declared, target)
  const crowd = (zone.declared.concurrency ?? 1) + MORE
  const requests = 2 * crowd + 2 + (zone.declared.secondAddress === undefined ? 0 : 1)
  return {
    kind: 'concurrentLook',
    key: `concurrentLook ${zone.name}`,
    impact: 'load',
    cost: { connections: crowd + 4, requests, zones: zoneCosts(target, [{ ...place, times: requests }]) },
    host: place.host,
    exhaustsMs: 1,
    timeoutMs: 60_000,
    async run(context): Promise<ConcurrentObservation> {
      const sender = new PacedSender(context, await originOf(context, zone), 20_000)
      const at = new Date().toISOString()
      const ordinary = requestOf(zone, target)
      const all = Array.from({ length: crowd }, () => ordinary)
      let usual: number | undefined
      const judged = (answer: PacedAnswer): PacedAnswer & { readonly fate: Fate } => ({ ...answer, fate: fateOf(zone.declared, answer, usual, []) })
      const crowdOf = (answers: readonly PacedAnswer[]): Crowd => {
        const fates = answers.map(judged)
        return { asked: crowd, answers: fates, together: togetherOf(fates, 0), surely: togetherOf(fates, wayOf(fates, sender.slowestConnectMs)) }
      }
      try {
        const alone = (await sender.volley([ordinary])).map(judged)[0]
        if (alone === undefined || alone.status === 0) throw new ProbeError({ code: 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
        if (alone.fate === 'admitted') usual = alone.status
        await sleep(PAUSE_MS, context.signal)
        const away = zone.declared.secondAddress === undefined ? undefined : await sender.fresh(1, zone.declared.secondAddress)
        await sender.warm(crowd)
        const [first, second] = await Promise.all([sender.volley(all), away?.on([ordinary])])
        away?.close()
        await sleep(PAUSE_MS, context.signal)
        const h2 = await sender.streams().catch((error: unknown) => {
          if (!(error instanceof ProbeError)) throw error
          return undefined
        })
        const streams = await h2?.on(all)
        h2?.close()
        await sleep(PAUSE_MS, context.signal)
        const [after] = await sender.volley([ordinary])
        if (after === undefined) throw new ProbeError({ code: 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
        return {
          zone: zone.name,
          url: `https://${place.host}${place.path}`,
          method: place.method,
          peer: sender.peer,
          at,
          ...(usual === undefined ? {} : { usual }),
          http1: crowdOf(first),
          ...(streams === undefined ? {} : { http2: crowdOf(streams) }),
          ...(second?.[0] === undefined ? {} : { second: judged(second[0]) }),
          after: judged(after),
          sent: sender.sent,
        }
      } finally {
        sender.close()
      }
    },
  }
}

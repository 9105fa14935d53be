/** Load on one URL, as much as the owner asked for, by autocannon: kept-alive connections, each asking as soon as it has its answer. Facts only. */
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { httpRequest, splitUrl } from './http.ts'
import { shoot } from './shots.ts'
import { firstAddress } from './tls.ts'

interface LoadRequest {
  readonly url: string
  /** Requests in all. */
  readonly requests: number
  /** Connections that ask at the same time. */
  readonly concurrency: number
}

export interface LoadObservation {
  readonly url: string
  readonly peer: string
  readonly at: string
  /** Requests that were sent; fewer than asked where the run was stopped. */
  readonly sent: number
  /** How often each status came. */
  readonly statuses: Readonly<Record<number, number>>
  /** Failure codes of requests without an answer, and how often. */
  readonly failures: Readonly<Record<string, number>>
  /** Answers and failures alike, from request to last byte, milliseconds. */
  readonly meanMs: number
  readonly p95Ms: number
  /** Finished requests per second, failed ones included. */
  readonly perSecond: number
  readonly durationMs: number
  /** Fastest answers on a quiet line before and after the load, milliseconds; absent where there was none. */
  readonly beforeMs?: number
  readonly afterMs?: number
  /** Share of the time this process was busy, 0 to 1: near 1 it was the brake itself. */
  readonly busy: number
  /** Why the run ended early: a limiter answered 429, or one in ten requests had failed. */
  readonly stopped?: 'limited' | 'failing'
}

const QUIET_LOOKS = 3
const MOST_MS = 60_000
const BACKSTOP_MS = 120_000

/**
 * Costs the target `requests` + 6 requests over `concurrency` + 1 connections. Stops at the first 429, at the twentieth failure if that is a tenth
 * of what was sent, and after a minute.
 * @throws ProbeError what the first quiet request failed with
 */
export function loadRun(asked: LoadRequest): Probe<LoadObservation> {
  const parts = splitUrl(asked.url)
  if (parts === undefined) throw new TypeError(`${JSON.stringify(asked.url)} is no http(s) URL`)
  return {
    kind: 'loadRun',
    key: `loadRun ${asked.url} ${asked.requests} ${asked.concurrency}`,
    impact: 'load',
    cost: { connections: asked.concurrency + 1, requests: asked.requests + 2 * QUIET_LOOKS },
    host: parts.host,
    timeoutMs: BACKSTOP_MS,
    async run(context): Promise<LoadObservation> {
      const quiet = async (): Promise<{ peer: string; at: string; ms: number }> => {
        const looks = []
        for (let look = 0; look < QUIET_LOOKS; look += 1) {
          const seen = await httpRequest({ ...parts, line: 0 }).run(context)
          looks.push({ peer: seen.peer, at: seen.at, ms: seen.timings.ttfbMs + seen.timings.transferMs })
        }
        return looks.reduce((best, look) => (look.ms < best.ms ? look : best))
      }
      const before = await quiet()
      const address = await firstAddress(context, parts.host)
      const idle = performance.eventLoopUtilization()
      const fired = await fire(context, asked, parts, address)
      const busy = performance.eventLoopUtilization(idle).utilization
      let afterMs: number | undefined
      try {
        afterMs = (await quiet()).ms
      } catch (error) {
        if (!(error instanceof ProbeError)) throw error
      }
      const { durations, durationMs, sent } = fired
      const sorted = durations.sort((a, b) => a - b)
      context.log(`${sent} requests of ${asked.url} over ${asked.concurrency} connections in ${durationMs.toFixed(0)} ms`)
      return {
        url: asked.url,
        peer: before.peer,
        at: before.at,
        sent,
        statuses: fired.statuses,
        failures: fired.failures,
        meanMs: sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
        p95Ms: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? Number.NaN,
        perSecond: (durations.length * 1000) / durationMs,
        durationMs,
        beforeMs: before.ms,
        ...(afterMs === undefined ? {} : { afterMs }),
        busy,
        ...(fired.stopped === undefined ? {} : { stopped: fired.stopped }),
      }
    },
  }
}

interface Counts {
  readonly sent: number
  readonly statuses: Record<number, number>
  readonly failures: Record<string, number>
  readonly durations: number[]
  readonly durationMs: number
  readonly stopped?: 'limited' | 'failing'
}

async function fire(context: ProbeContext, asked: LoadRequest, parts: NonNullable<ReturnType<typeof splitUrl>>, address: string): Promise<Counts> {
  const statuses: Record<number, number> = {}
  const failures: Record<string, number> = {}
  const durations: number[] = []
  let bad = 0
  let stopped: Counts['stopped']
  const start = performance.now()
  const failing = (): boolean => {
    bad += 1
    if (bad >= 20 && bad * 10 >= durations.length) stopped ??= 'failing'
    return stopped !== undefined
  }
  const { durationMs, lost } = await shoot(context, {
    ...parts,
    address,
    requests: asked.requests,
    connections: asked.concurrency,
    mostMs: MOST_MS,
    answered: ({ status, ms }) => {
      durations.push(ms)
      statuses[status] = (statuses[status] ?? 0) + 1
      if (status === 429) stopped ??= 'limited'
      return status >= 400 && status !== 429 ? failing() : stopped !== undefined
    },
    failed: (code) => {
      failures[code] = (failures[code] ?? 0) + 1
      durations.push(performance.now() - start)
      return failing()
    },
  })
  if (lost > 0) {
    failures.EOF = (failures.EOF ?? 0) + lost
    for (let one = 0; one < lost; one += 1) durations.push(durationMs)
  }
  return { sent: durations.length, statuses, failures, durations, durationMs, ...(stopped === undefined ? {} : { stopped }) }
}

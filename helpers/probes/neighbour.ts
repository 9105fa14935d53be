/** Exhausts a limit from one address of this machine, and asks from another one of the same network meanwhile. Facts only. */
import { type Probe, ProbeError } from '../probe.ts'
import { beside, fateOf, zoneRequest } from '../rejection.ts'
import type { Target } from '../target.ts'
import { zoneCosts, type Zone } from '../zones.ts'
import { type LimiterObservation, limiterPlan, type LimiterSample, originOf, requestOf } from './limiter.ts'
import { type PacedAnswer, PacedSender } from './paced.ts'

const POOL = 4

export function neighbourLook(zone: Zone, target: Target): Probe<LimiterObservation> {
  const place = zoneRequest(zone.declared, target)
  const { flood, before, after, again } = limiterPlan(zone, target)
  const [first, second] = zone.declared.sameNetwork ?? []
  // Whoever is taken for another client has a limit of his own, and no more than that.
  const times = Math.min(again, zone.limit?.atOnce ?? again)
  const requests = 1 + flood + 2 * before + times + after
  const recoveryMs = zone.limit?.recoveryMs ?? 10_000
  return {
    kind: 'neighbourLook',
    key: `neighbourLook ${zone.name}`,
    impact: 'load',
    cost: {
      connections: POOL + before + after + times,
      requests,
      zones: zoneCosts(target, [{ ...place, times: requests }]),
      unexpected: zone.limit?.atOnce ?? 0,
    },
    host: place.host,
    exhaustsMs: recoveryMs,
    timeoutMs: 60_000 + 3 * recoveryMs,
    async run(context): Promise<LimiterObservation> {
      const origin = await originOf(context, zone, first)
      const sender = new PacedSender(context, { ...origin, ...(first === undefined ? {} : { localAddress: first }) }, 20_000)
      const startedMs = Date.now() - sender.nowMs
      const at = new Date().toISOString()
      const others = beside(zone, target)
      const ordinary = requestOf(zone, target)
      let usual: number | undefined
      const judged = (phase: LimiterSample['phase'], answer: PacedAnswer): LimiterSample => ({
        ...answer,
        phase,
        fate: fateOf(zone.declared, answer, usual, others),
      })
      const ask = (count: number): readonly (typeof ordinary)[] => Array.from({ length: count }, () => ordinary)
      try {
        await sender.warm(POOL + before + after)
        const neighbour = await sender.fresh(times, second)
        const [alone] = await sender.volley(ask(1))
        if (alone === undefined || alone.status === 0)
          throw new ProbeError({ code: alone?.failure ?? 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
        const one = judged('first', alone)
        if (one.fate === 'admitted') usual = one.status
        const steps = ask(flood).map((request) => ({ atMs: sender.nowMs, request }))
        const flooded = await sender.send(steps, { pool: POOL, most: POOL + before + after })
        // What came in meanwhile goes first.
        for (let round = 0; round <= (zone.limit?.atOnce ?? 0) / before; round += 1) {
          const drained = await sender.volley(ask(before))
          if (drained.some((answer) => judged('screen', answer).fate === 'refused')) break
        }
        const start = sender.nowMs
        const [early, middle, late] = await Promise.all([sender.volley(ask(before)), neighbour.on(ask(times)), sender.volley(ask(after))])
        const tookMs = sender.nowMs - start
        neighbour.close()
        const around = [...early, ...late].map((answer) => judged('screen', answer))
        const tried = middle.map((answer) => judged('screen', answer))
        const shown = tried.find(({ fate }) => fate === 'admitted') ?? tried[0]
        const count = (list: readonly LimiterSample[], fate: LimiterSample['fate']): number => list.filter((sample) => sample.fate === fate).length
        return {
          zone: zone.name,
          url: `https://${place.host}${place.path}`,
          method: place.method,
          peer: sender.peer,
          at,
          samples: [one, ...flooded.map((answer) => judged('flood', answer)), ...around],
          ...(usual === undefined ? {} : { usual }),
          baselineMs: alone.doneMs - alone.sentMs,
          tried:
            shown === undefined
              ? []
              : [
                  {
                    kind: 'network',
                    name: `${second ?? ''} beside ${first ?? ''}`,
                    answer: shown,
                    fate: shown.fate,
                    ...(shown.fate === 'admitted'
                      ? { again: { times, admitted: count(tried, 'admitted'), ordinary: around.length, ordinaryRefused: count(around, 'refused'), tookMs } }
                      : {}),
                  },
                ],
          sent: sender.sent,
          startedMs,
        }
      } finally {
        sender.close()
      }
    },
  }
}

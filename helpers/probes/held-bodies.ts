/** One client holds as many requests as are declared at once, with bodies that do not come: what it, and another client, get meanwhile. Facts only. */
import { type Probe, ProbeError } from '../probe.ts'
import { type Fate, fateOf, zoneRequest } from '../rejection.ts'
import type { Target } from '../target.ts'
import { sleep } from '../sleep.ts'
import { zoneCosts, type Zone } from '../zones.ts'
import { originOf, requestOf } from './limiter.ts'
import { type PacedAnswer, PacedSender } from './paced.ts'

type Judged = PacedAnswer & { readonly fate: Fate }

export interface HeldBodiesObservation {
  readonly zone: string
  readonly url: string
  readonly method: string
  readonly peer: string
  readonly at: string
  readonly usual?: number
  /** Requests whose body did not come. */
  readonly held: number
  /** Those of them that were answered all the same. */
  readonly answered: readonly Judged[]
  /** Whole requests of the same client, meanwhile. */
  readonly meanwhile: readonly Judged[]
  /** A whole request from another address of this machine, meanwhile. */
  readonly second?: Judged
  /** One request when the connections with held bodies are closed. */
  readonly after: Judged
}

const MEANWHILE = 2
/** What was sent has arrived by then, and what was given back is free. */
const PAUSE_MS = 80
/** Longer than an ordinary answer; a server whose workers all wait for bodies does not answer at all. */
const PATIENCE_MS = 3_000

export function heldBodiesLook(zone: Zone, target: Target): Probe<HeldBodiesObservation> {
  const place = zoneRequest(zone.declared, target)
  const held = zone.declared.concurrency ?? 1
  const { secondAddress } = zone.declared
  const requests = 1 + held + MEANWHILE + 1 + (secondAddress === undefined ? 0 : 1)
  return {
    kind: 'heldBodiesLook',
    key: `heldBodiesLook ${zone.name}`,
    impact: 'load',
    cost: { connections: held + MEANWHILE + 2, requests, zones: zoneCosts(target, [{ ...place, times: requests }]) },
    host: place.host,
    exhaustsMs: 1,
    timeoutMs: 60_000,
    async run(context): Promise<HeldBodiesObservation> {
      const sender = new PacedSender(context, await originOf(context, zone), PATIENCE_MS)
      const at = new Date().toISOString()
      const ordinary = requestOf(zone, target)
      let usual: number | undefined
      const judged = (answer: PacedAnswer): Judged => ({ ...answer, fate: fateOf(zone.declared, answer, usual, []) })
      const rest = (): Promise<void> => sleep(PAUSE_MS, context.signal)
      try {
        const alone = (await sender.volley([ordinary])).map(judged)[0]
        if (alone === undefined || alone.status === 0)
          throw new ProbeError({ code: alone?.failure ?? 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
        if (alone.fate === 'admitted') usual = alone.status
        await sender.warm(MEANWHILE)
        const away = secondAddress === undefined ? undefined : await sender.fresh(1, secondAddress)
        await rest()
        const bodies = await sender.held(held, ordinary)
        await rest()
        const [meanwhile, second] = await Promise.all([sender.volley(Array.from({ length: MEANWHILE }, () => ordinary)), away?.on([ordinary])])
        const answered = [...bodies.answers]
        bodies.close()
        away?.close()
        await rest()
        const [after] = await sender.volley([ordinary])
        if (after === undefined) throw new ProbeError({ code: 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
        return {
          zone: zone.name,
          url: `https://${place.host}${place.path}`,
          method: place.method,
          peer: sender.peer,
          at,
          ...(usual === undefined ? {} : { usual }),
          held,
          answered: answered.map(judged),
          meanwhile: meanwhile.map(judged),
          ...(second?.[0] === undefined ? {} : { second: judged(second[0]) }),
          after: judged(after),
        }
      } finally {
        sender.close()
      }
    },
  }
}

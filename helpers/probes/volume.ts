/** Far more requests than a limit lets through, for a while, by autocannon; and what others get meanwhile. Ends as soon as the target suffers. Facts only. */
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { beside, type Fate, fateOf, zoneRequest } from '../rejection.ts'
import type { Target } from '../target.ts'
import { zoneCosts, type Zone } from '../zones.ts'
import { originOf, requestOf } from './limiter.ts'
import { type PacedAnswer, type PacedRequest, PacedSender } from './paced.ts'
import { shoot } from './shots.ts'

/** Who must not notice: a path that is declared exempt, or another client. */
export interface Neighbour {
  readonly kind: 'exempt' | 'address'
  readonly name: string
  readonly before: PacedAnswer & { readonly fate: Fate }
  readonly meanwhile: readonly (PacedAnswer & { readonly fate: Fate })[]
}

export interface VolumeObservation {
  readonly zone: string
  readonly url: string
  readonly method: string
  readonly peer: string
  readonly at: string
  /** Status and time of one request before. */
  readonly usual?: number
  readonly baselineMs: number
  readonly sent: number
  readonly durationMs: number
  readonly fates: Readonly<Record<Fate, number>>
  /** How often each status came with each fate, `admitted 200`; failures by their code. */
  readonly statuses: Readonly<Record<string, number>>
  /** When each of them was answered, thinned: milliseconds since the first. */
  readonly points: readonly { readonly atMs: number; readonly fate: Fate; readonly status: number }[]
  readonly neighbours: readonly Neighbour[]
  /** The target suffered, and the volume ended. */
  readonly aborted?: string
  /** Share of the time this process was busy, 0 to 1. */
  readonly busy: number
}

const CONNECTIONS = 20
const SECONDS = 10
/** Parts of the volume after which the neighbours ask: once it is under way, and once it has lasted. */
const MEANWHILE = [0.1, 0.5] as const
const LATENCY_FACTOR = 5
const LATENCY_MS = 500
const RECENT = 20
const BUSY = 0.9
const MOST_POINTS = 1_500

interface Asking {
  readonly kind: Neighbour['kind']
  readonly name: string
  readonly request: PacedRequest
}

function neighboursOf(zone: Zone, target: Target): readonly Asking[] {
  const { declared } = zone
  const exempt = (declared.exempt ?? []).find((path) => !path.endsWith('*'))
  const headers = [
    ['User-Agent', 'postproof'],
    ['Accept', '*/*'],
  ] as const
  const away = (declared.key ?? 'ip') === 'ip' ? declared.secondAddress : undefined
  return [
    ...(exempt === undefined ? [] : [{ kind: 'exempt' as const, name: exempt, request: { method: 'GET', path: exempt, headers } }]),
    ...(away === undefined ? [] : [{ kind: 'address' as const, name: away, request: requestOf(zone, target) }]),
  ]
}

export function volumeLook(zone: Zone, target: Target): Probe<VolumeObservation> {
  const place = zoneRequest(zone.declared, target)
  const volume = zone.declared.volume ?? { requests: 0 }
  const { requests, connections = CONNECTIONS, seconds = SECONDS } = volume
  const neighbours = neighboursOf(zone, target)
  const times = 1 + MEANWHILE.length
  const own = requests + 1 + neighbours.filter(({ kind }) => kind === 'address').length * times
  const zones = { ...zoneCosts(target, [{ ...place, times: own }]) }
  for (const { kind, request } of neighbours)
    if (kind === 'exempt')
      for (const [name, count] of Object.entries(zoneCosts(target, [{ host: place.host, path: request.path, times }]))) zones[name] = (zones[name] ?? 0) + count
  return {
    kind: 'volumeLook',
    key: `volumeLook ${zone.name}`,
    impact: 'load',
    cost: {
      connections: Math.min(connections, requests) + 1 + neighbours.length,
      requests: requests + 1 + neighbours.length * times,
      zones,
      bytes: own * Buffer.byteLength(requestOf(zone, target).body ?? ''),
    },
    host: place.host,
    exhaustsMs: zone.limit?.recoveryMs ?? 10_000,
    timeoutMs: 60_000 + seconds * 1_000 + 2 * (zone.limit?.recoveryMs ?? 10_000),
    run: (context) => flood(context, zone, { requests, connections, seconds }, neighbours),
  }
}

async function flood(
  context: ProbeContext,
  zone: Zone,
  { requests, connections, seconds }: { readonly requests: number; readonly connections: number; readonly seconds: number },
  neighbours: readonly Asking[],
): Promise<VolumeObservation> {
  const { target } = context
  const place = zoneRequest(zone.declared, target)
  const others = beside(zone, target)
  const origin = await originOf(context, zone)
  const sender = new PacedSender(context, origin, 20_000)
  const at = new Date().toISOString()
  const ordinary = requestOf(zone, target)
  const lines: { readonly asking: Asking; readonly line: Awaited<ReturnType<PacedSender['fresh']>> }[] = []
  try {
    const alone = (await sender.volley([ordinary]))[0]
    if (alone === undefined || alone.status === 0)
      throw new ProbeError({ code: alone?.failure ?? 'EOF', message: `${sender.peer} did not answer`, phase: 'response' })
    const usual = fateOf(zone.declared, alone, undefined, others) === 'admitted' ? alone.status : undefined
    const baselineMs = alone.doneMs - alone.sentMs
    for (const asking of neighbours) lines.push({ asking, line: await sender.fresh(1, asking.kind === 'address' ? asking.name : undefined) })
    const ask = async (): Promise<readonly (PacedAnswer & { readonly fate: Fate })[]> => {
      const answers = await Promise.all(lines.map(({ asking, line }) => line.on([asking.request])))
      return answers.flat().map((answer) => ({ ...answer, fate: fateOf(zone.declared, answer, usual, others) }))
    }
    const before = await ask()
    const rounds: Promise<Awaited<ReturnType<typeof ask>>>[] = []
    const fates: Record<Fate, number> = { admitted: 0, refused: 0, 'refused elsewhere': 0, broken: 0 }
    const statuses: Record<string, number> = {}
    const points: { readonly atMs: number; readonly fate: Fate; readonly status: number }[] = []
    const recent: number[] = []
    // What waits in a queue of the limiter's own is no suffering.
    const heldMs = zone.limit?.kind === 'bucket' && zone.limit.nodelay !== true ? zone.limit.recoveryMs * 1.5 : 0
    const step = Math.ceil(requests / MOST_POINTS)
    let sent = 0
    let aborted: string | undefined
    const idle = performance.eventLoopUtilization()
    const start = performance.now()
    const count = (fate: Fate, status: number, label: string, ms: number | undefined): boolean => {
      sent += 1
      fates[fate] += 1
      statuses[`${fate} ${label}`] = (statuses[`${fate} ${label}`] ?? 0) + 1
      if (sent % step === 0 || fate === 'broken') points.push({ atMs: performance.now() - start, fate, status })
      const due = MEANWHILE[rounds.length]
      if (due !== undefined && sent >= due * requests) rounds.push(ask())
      if (fates.broken >= 5 && fates.broken * 5 >= sent) aborted ??= `${fates.broken} of ${sent} requests failed (the last with ${label})`
      if (ms !== undefined) {
        recent.push(ms)
        if (recent.length > RECENT) recent.shift()
        const median = recent.length < RECENT ? 0 : (recent.toSorted((a, b) => a - b)[RECENT / 2] as number)
        // What a process that has no time left measures is its own.
        if (median > Math.max(LATENCY_FACTOR * baselineMs, baselineMs + LATENCY_MS + heldMs) && performance.eventLoopUtilization(idle).utilization < BUSY)
          aborted ??= `answers take ${Math.round(median)} ms instead of ${Math.round(baselineMs)} ms`
      }
      return aborted !== undefined
    }
    context.zones?.note({ host: place.host, path: ordinary.path, method: ordinary.method }, requests)
    const { durationMs, lost } = await shoot(context, {
      ...origin,
      path: ordinary.path,
      method: ordinary.method,
      headers: ordinary.headers,
      ...(ordinary.body === undefined ? {} : { body: ordinary.body }),
      requests,
      connections,
      mostMs: seconds * 1_000,
      answered: ({ status, headers, body, ms }) => {
        const fate = fateOf(zone.declared, { status, headers, body }, usual, others)
        return count(fate, status, String(status), fate === 'admitted' ? ms : undefined)
      },
      failed: (code) => count('broken', 0, code, undefined),
    })
    for (let one = 0; one < lost; one += 1) count('broken', 0, 'EOF', undefined)
    const busy = performance.eventLoopUtilization(idle).utilization
    if (aborted === undefined) for (let round = rounds.length; round < MEANWHILE.length; round += 1) rounds.push(ask())
    const meanwhile = await Promise.all(rounds)
    context.log(`zone ${zone.name}: ${sent} requests over ${connections} connections in ${durationMs.toFixed(0)} ms, ${fates.refused} refused`)
    return {
      zone: zone.name,
      url: `https://${place.host}${place.path}`,
      method: place.method,
      peer: sender.peer,
      at,
      ...(usual === undefined ? {} : { usual }),
      baselineMs,
      sent,
      durationMs,
      fates,
      statuses,
      points,
      neighbours: lines.flatMap(({ asking: { kind, name } }, index) => {
        const first = before[index]
        return first === undefined ? [] : [{ kind, name, before: first, meanwhile: meanwhile.flatMap((round) => round[index] ?? []) }]
      }),
      ...(aborted === undefined ? {} : { aborted }),
      busy,
    }
  } finally {
    for (const { line } of lines) line.close()
    sender.close()
  }
}

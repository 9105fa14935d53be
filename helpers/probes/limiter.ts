/**
 * Exhausts one declared rate limit, in a planned number of requests: how much it lets through, what it answers then, what gets around it, what
 * else suffers, and when it opens again. Stops at once where the target suffers or bans. Facts only; nothing here says what is right.
 */
import { isIP } from 'node:net'
import type { Arrival } from '../inference/limiter.ts'
import { nextMoments } from '../inference/pacing.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { beside, type Fate, fateOf, retryAfterSeconds, zoneRequest } from '../rejection.ts'
import type { Target } from '../target.ts'
import { sleep } from '../sleep.ts'
import { zoneCosts, type Zone, zonesOf } from '../zones.ts'
import { type PacedAnswer, type PacedOrigin, type PacedRequest, PacedSender, type Step } from './paced.ts'
import { resolveHost } from './resolve.ts'

/** A way around a limit, or something that it must leave alone. */
export interface Variant {
  readonly kind: 'header' | 'path' | 'method' | 'account' | 'fresh' | 'h2' | 'address' | 'account-away' | 'other-key' | 'network' | 'exempt' | 'zone'
  /** As it is told: `X-Forwarded-For: 192.0.2.7`, `/API/auth/login`. */
  readonly name: string
}
export interface Tried extends Variant {
  readonly answer: PacedAnswer
  readonly fate: Fate
  /** Asked several times more, between ordinary requests: of ways around alone. */
  readonly again?: { readonly times: number; readonly admitted: number; readonly ordinary: number; readonly ordinaryRefused: number; readonly tookMs: number }
}

export interface LimiterSample extends PacedAnswer {
  readonly fate: Fate
  readonly phase: 'first' | 'flood' | 'more' | 'paced' | 'screen' | 'recovery'
}

export interface LimiterObservation {
  readonly zone: string
  readonly url: string
  readonly method: string
  readonly peer: string
  readonly at: string
  readonly samples: readonly LimiterSample[]
  /** Status of what is let through. */
  readonly usual?: number
  /** Fastest answer of an unused limiter. */
  readonly baselineMs: number
  readonly tried: readonly Tried[]
  /** HTTP/2 is not spoken there. */
  readonly noH2?: boolean
  /** After so much quiet, one request more. */
  readonly recovery?: { readonly quietMs: number; readonly fate: Fate; readonly status: number }
  /** The target suffered, and the look ended. */
  readonly aborted?: string
  /** It was told to stay away for so many seconds, and did. */
  readonly bannedSeconds?: number
  /** It began refused: somebody else uses the same key. */
  readonly used?: boolean
  readonly sent: number
  /** Clock of this machine when the sender was made. */
  readonly startedMs: number
}

export interface LimiterPlan {
  /** Before the flood, of a window: shows what part of it comes back first. */
  readonly first: number
  readonly floodAtMs: number
  readonly flood: number
  /** Only if nothing was refused. */
  readonly more: number
  readonly paced: number
  /** How long the first `broad` of them are spread over. */
  readonly pacedMs: number
  readonly broad: number
  readonly variants: number
  /** Ordinary requests before and after the variants. */
  readonly before: number
  readonly after: number
  /** Times a suspicious variant is asked again. */
  readonly again: number
  readonly recovery: number
}

const MOST = 300
const POOL = 4
/** Of a slow application: so many more, where a limit refills while it works. */
const MOST_MEANWHILE = 40
/** What opens less often is timed well enough by few openings. */
const CLOSELY_PER_SECOND = 15
const BROAD = 10
const HEADERS = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP'] as const
/** TEST-NET-2 and the documentation prefix (RFC 5737, RFC 3849): nobody's addresses. */
const forged = (name: string, number: number): string => {
  const address = number % 2 === 0 ? `198.51.100.${1 + (number % 250)}` : `2001:db8::${(number + 1).toString(16)}`
  if (name !== 'Forwarded') return address
  return isIP(address) === 6 ? `for="[${address}]"` : `for=${address}`
}

/** What an answer says, but for what may differ each time. */
const spoken = (answer: Pick<PacedAnswer, 'body'> | undefined): string | undefined => answer?.body.replaceAll(/[0-9a-f-]{6,}|\d+/gi, '#')

/** Other ways to write a path that some servers take for the same. */
function pathVariants(path: string): readonly string[] {
  const [bare = '', query] = path.split('?', 2)
  const last = bare.search(/[a-z](?=[^a-z]*$)/i)
  const tail = query === undefined ? '' : `?${query}`
  const variants = [
    `${bare.toUpperCase()}${tail}`,
    bare.length > 1 ? `${bare.endsWith('/') ? bare.slice(0, -1) : `${bare}/`}${tail}` : undefined,
    bare.length > 1 ? `/${bare}${tail}` : undefined,
    bare.length > 1 ? `/.${bare}${tail}` : undefined,
    last < 0 ? undefined : `${bare.slice(0, last)}%${bare.charCodeAt(last).toString(16)}${bare.slice(last + 1)}${tail}`,
    `${path}${query === undefined ? '?' : '&'}x=1`,
  ]
  return [...new Set(variants.filter((variant) => variant !== undefined && variant !== path))] as string[]
}

const OVERRIDES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'] as const
/** Other methods that lead to the same handler here and there. Safe ones where the ordinary request is safe, and nothing that it does not do itself. */
function methodVariants(ordinary: PacedRequest, counted: readonly string[] | undefined): readonly (Variant & { readonly request: PacedRequest })[] {
  const { method } = ordinary
  if (method === 'GET') return counted?.includes('HEAD') === false ? [] : [{ kind: 'method', name: 'HEAD', request: { ...ordinary, method: 'HEAD' } }]
  if (method === 'HEAD' || method === 'OPTIONS') return []
  const overriding = [...ordinary.headers, ...OVERRIDES.map((name) => [name, method] as const)]
  return ['GET', method === 'POST' ? 'PUT' : 'POST'].map((other) => ({
    kind: 'method',
    name: `${other} with ${OVERRIDES[0]}: ${method} and its kin`,
    request: { ...ordinary, method: other, headers: overriding },
  }))
}

type Beside = Awaited<ReturnType<PacedSender['fresh']>>
interface Prepared {
  readonly fresh: Beside
  readonly away: Beside | undefined
  readonly h2: Beside | undefined
}

interface Asked extends Variant {
  readonly way: 'pool' | 'fresh' | 'h2' | 'address'
  readonly host: string
  request(number: number): PacedRequest
}

export const requestOf = (zone: Zone, target: Target): PacedRequest => {
  const { path, method } = zoneRequest(zone.declared, target)
  const { headers = {}, json, body } = zone.declared.request ?? {}
  const given = Object.entries(headers)
  const has = (name: string): boolean => given.some(([key]) => key.toLowerCase() === name)
  const sent = json === undefined ? body : JSON.stringify(json)
  const empty = sent === undefined && ['POST', 'PUT', 'PATCH'].includes(method) ? '' : undefined
  return {
    method,
    path,
    headers: [
      ...(has('user-agent') ? [] : [['User-Agent', 'postproof'] as const]),
      ...(has('accept') ? [] : [['Accept', '*/*'] as const]),
      ...(json !== undefined && !has('content-type') ? [['Content-Type', 'application/json'] as const] : []),
      ...given,
    ],
    ...(sent === undefined && empty === undefined ? {} : { body: sent ?? '' }),
  }
}

function variantsOf(zone: Zone, target: Target): readonly Asked[] {
  const { declared } = zone
  const ordinary = requestOf(zone, target)
  const { host } = zoneRequest(declared, target)
  const trusted = new Set((declared.trustedHeaders ?? []).map((name) => name.toLowerCase()))
  const key = declared.key ?? 'ip'
  const with_ = (name: string, value: string): PacedRequest => ({
    ...ordinary,
    headers: [...ordinary.headers.filter(([own]) => own.toLowerCase() !== name.toLowerCase()), [name, value]],
  })
  const variants: Asked[] = []
  for (const name of key === 'ip' ? HEADERS : [])
    if (!trusted.has(name.toLowerCase())) variants.push({ kind: 'header', name, way: 'pool', host, request: (number) => with_(name, forged(name, number)) })
  for (const path of pathVariants(ordinary.path)) variants.push({ kind: 'path', name: path, way: 'pool', host, request: () => ({ ...ordinary, path }) })
  for (const { kind, name, request } of methodVariants(ordinary, declared.methods)) variants.push({ kind, name, way: 'pool', host, request: () => request })
  const { accountField: field } = declared
  const account = field === undefined ? undefined : declared.request?.json?.[field]
  const asAccount = (value: string): PacedRequest =>
    field === undefined ? ordinary : { ...ordinary, body: JSON.stringify({ ...declared.request?.json, [field]: value }) }
  // Nobody's (RFC 2606).
  const another = (number: number): PacedRequest => asAccount(`postproof-${number}@example.invalid`)
  if (typeof account === 'string' && key === 'ip') variants.push({ kind: 'account', name: 'another account', way: 'pool', host, request: another })
  if (typeof account === 'string' && key === 'account') {
    if (account !== account.toUpperCase())
      variants.push({ kind: 'account', name: 'the account in capitals', way: 'pool', host, request: () => asAccount(account.toUpperCase()) })
    variants.push({ kind: 'other-key', name: 'another account', way: 'pool', host, request: another })
  }
  if (typeof account === 'string' && declared.secondAddress !== undefined && (key === 'ip' || key === 'account'))
    variants.push({ kind: 'account-away', name: declared.secondAddress, way: 'address', host, request: () => ordinary })
  for (let number = 1; number <= 2; number += 1)
    variants.push({ kind: 'fresh', name: `fresh connection ${number}`, way: 'fresh', host, request: () => ordinary })
  variants.push({ kind: 'h2', name: 'HTTP/2', way: 'h2', host, request: () => ordinary })
  if (declared.secondAddress !== undefined && key === 'ip')
    variants.push({ kind: 'address', name: declared.secondAddress, way: 'address', host, request: account === undefined ? () => ordinary : another })
  if (key === 'header' && declared.keyHeader !== undefined) {
    const name = declared.keyHeader
    variants.push({ kind: 'other-key', name: `another ${name}`, way: 'pool', host, request: (number) => with_(name, `postproof-${number}`) })
  }
  for (const path of declared.exempt ?? [])
    if (!path.endsWith('*'))
      variants.push({
        kind: 'exempt',
        name: path,
        way: 'pool',
        host,
        request: () => ({
          method: 'GET',
          path,
          headers: [
            ['User-Agent', 'postproof'],
            ['Accept', '*/*'],
          ],
        }),
      })
  for (const other of zonesOf(target)) {
    if (other === zone || other.declared.concurrency !== undefined) continue
    const place = zoneRequest(other.declared, target)
    // On a connection to this host, and counted in a zone that this one's requests are not counted in.
    if (place.host !== host || zone.matches(place) || other.matches({ host, path: ordinary.path, method: ordinary.method })) continue
    variants.push({ kind: 'zone', name: other.name, way: 'pool', host, request: () => requestOf(other, target) })
  }
  return variants
}

/** How many requests of which kind; pure, so that `plan` can say it. */
export function limiterPlan(zone: Zone, target: Target): LimiterPlan {
  const { limit, declared } = zone
  const perSecond = limit?.perSecond ?? 0
  const crowd = Math.min(20, Math.ceil(perSecond * 0.02))
  const rest = { variants: variantsOf(zone, target).length, before: 2 + crowd, after: 2, again: 3 + crowd, recovery: 1 }
  if (limit === undefined) return { first: 1, floodAtMs: 0, flood: declared.costly === true ? 30 : MOST, more: 0, paced: 0, pacedMs: 0, broad: 0, ...rest }
  const { atOnce } = limit
  const more = Math.min(Math.ceil(3.5 * atOnce) + 10, Math.max(MOST, atOnce + 50), declared.costly === true ? atOnce : Number.POSITIVE_INFINITY)
  if (limit.windowMs !== undefined) {
    const first = atOnce >= 3 ? Math.min(12, Math.max(2, Math.floor(atOnce / 3))) : 1
    return {
      first,
      floodAtMs: limit.windowMs / 2,
      flood: Math.ceil(1.1 * atOnce) - first + 5,
      more,
      paced: Math.max(36, 3 * first + 12),
      broad: Math.max(36, 3 * first + 12),
      pacedMs: limit.windowMs * 1.06,
      ...rest,
    }
  }
  const budget = 3 * (atOnce + 19)
  // Without a burst it opens for one at a time: what times it best is sent where it opens.
  if (atOnce === 1 && perSecond >= CLOSELY_PER_SECOND) {
    const flood = 2 * POOL
    return { first: 1, floodAtMs: 0, flood, more, paced: budget - flood - 1, pacedMs: (BROAD * 1_000) / (1.4 * perSecond), broad: BROAD, ...rest }
  }
  const flood = Math.ceil(1.15 * atOnce + 0.06 * perSecond) + 5
  const ample = budget - flood - 1
  // Eight let in, where that does not take too long; one, however long that takes.
  const wanted = Math.max(1_300 / perSecond, Math.min(10_000, Math.max(8_000 / perSecond, 400)))
  const paced = Math.max(12, Math.min(ample, Math.max(36, Math.ceil((1.4 * perSecond * wanted) / 1_000))))
  return { first: 1, floodAtMs: 0, flood, more, paced, pacedMs: Math.min(wanted, (paced * 1_000) / (1.4 * perSecond)), broad: paced, ...rest }
}

/** Requests of a plan where the target does as declared. */
const plannedRequests = (plan: LimiterPlan): number => plan.first + plan.flood + plan.paced + plan.before + plan.variants + plan.after + plan.recovery

/** Told to stay away for this much longer than the limit needs, it does. */
const BAN_FACTOR = 10
const BAN_SECONDS = 600
const LATENCY_FACTOR = 5
/** Of a window: later than this, its end is near. */
const LATE_SHARE = 0.95
const LATENCY_MS = 250
/** How often this machine looks whether it keeps up, when it does not, and for how long that counts. */
const BEAT_MS = 20
const STALL_MS = 100
const FORGOTTEN_MS = 1_000

export function limiterLook(zone: Zone, target: Target): Probe<LimiterObservation> {
  const place = zoneRequest(zone.declared, target)
  const plan = limiterPlan(zone, target)
  const requests = plannedRequests(plan)
  const variants = variantsOf(zone, target)
  const recoveryMs = zone.limit?.recoveryMs ?? 10_000
  // Of an application that takes a second.
  const slowly = zone.limit === undefined || zone.limit.windowMs !== undefined ? 0 : Math.min(MOST_MEANWHILE, Math.floor(zone.limit.perSecond))
  const zones = { ...zoneCosts(target, [{ ...place, times: requests - variants.length }]) }
  for (const variant of variants) {
    const { path, method } = variant.request(0)
    for (const [name, count] of Object.entries(zoneCosts(target, [{ host: variant.host, path, method }]))) zones[name] = (zones[name] ?? 0) + count
  }
  return {
    kind: 'limiterLook',
    key: `limiterLook ${zone.name}`,
    impact: 'load',
    cost: {
      connections: plan.before + plan.variants + plan.after + POOL,
      requests,
      zones,
      bytes: requests * Buffer.byteLength(requestOf(zone, target).body ?? ''),
      unexpected:
        plan.more +
        plan.first +
        plan.flood +
        2 * variants.length * (plan.again + 2 * plan.before + plan.after + 2 * slowly) +
        slowly +
        (zone.limit?.atOnce ?? 0) +
        2,
    },
    host: place.host,
    exhaustsMs: recoveryMs,
    timeoutMs: 60_000 + 5 * recoveryMs,
    run: (context) => exhaust(context, zone, plan, variants),
  }
}

/**
 * Where a zone is asked, once neither this run nor one that ended just before it can have used it.
 * @param from an address of this machine: the host's first address of its kind. @default the host's first address
 * @throws ProbeError what resolving failed with
 */
export async function originOf(context: ProbeContext, zone: Zone, from?: string): Promise<PacedOrigin> {
  const { host } = zoneRequest(zone.declared, context.target)
  const seen = await context.observe(resolveHost(host))
  if (!seen.ok) throw new ProbeError(seen.failure)
  const address = seen.value.addresses.find((one) => from === undefined || isIP(one.address) === isIP(from))?.address
  if (address === undefined)
    throw new ProbeError({ code: 'NODATA', message: `${host} has no address${from === undefined ? '' : ` of the kind of ${from}`}`, phase: 'resolve' })
  const counting = [zone, ...beside(zone, context.target)].filter(({ declared, limit }) => limit !== undefined || declared.concurrency === undefined)
  const settle = Math.max(0, ...counting.map(({ name }) => context.zones?.settleMs(name) ?? 0))
  if (settle > 0) {
    context.log(`waits ${Math.round(settle)} ms until zone ${zone.name} is as if unused`)
    await sleep(settle, context.signal)
  }
  return { scheme: 'https', host, address }
}

async function exhaust(context: ProbeContext, zone: Zone, plan: LimiterPlan, variants: readonly Asked[]): Promise<LimiterObservation> {
  const { target, signal } = context
  const place = zoneRequest(zone.declared, target)
  const others = beside(zone, target)
  const ordinary = requestOf(zone, target)
  const origin = await originOf(context, zone)
  const limit = zone.limit
  const recoveryMs = limit?.recoveryMs ?? 10_000
  const longestMs = recoveryMs * 1.5 + 5_000
  const sender = new PacedSender(context, origin, Math.min(30_000, longestMs))
  const startedMs = Date.now() - sender.nowMs
  const at = new Date().toISOString()
  const samples: LimiterSample[] = []
  const tried: Tried[] = []
  let usual: number | undefined
  let baselineMs = Number.NaN
  let aborted: string | undefined
  let bannedSeconds: number | undefined
  let broken = 0
  let answered = 0
  const slow: number[] = []
  let beat = performance.now()
  let stalledAt = Number.NEGATIVE_INFINITY
  const stalled = (): boolean => performance.now() - beat > STALL_MS || performance.now() - stalledAt < FORGOTTEN_MS
  const heart = setInterval(() => {
    if (performance.now() - beat > STALL_MS) stalledAt = performance.now()
    beat = performance.now()
  }, BEAT_MS)
  const held = limit?.kind === 'bucket' && limit.nodelay !== true ? recoveryMs * 1.5 : 0
  const fate = (answer: PacedAnswer): Fate => fateOf(zone.declared, answer, usual, others)
  const watch = (answer: PacedAnswer): boolean => {
    answered += 1
    const what = fate(answer)
    if (what === 'broken') broken += 1
    if (broken >= 5 && broken * 5 >= answered) aborted ??= `${broken} of ${answered} requests failed (the last with ${answer.failure ?? answer.status})`
    if (what === 'refused') {
      const seconds = retryAfterSeconds(answer.headers, startedMs + answer.doneMs) ?? 0
      if (seconds > BAN_SECONDS && seconds * 1_000 > BAN_FACTOR * recoveryMs) bannedSeconds ??= seconds
    } else if (what === 'admitted') {
      baselineMs = Number.isNaN(baselineMs) ? answer.doneMs - answer.sentMs : Math.min(baselineMs, answer.doneMs - answer.sentMs)
      slow.push(answer.doneMs - answer.sentMs)
      if (slow.length >= 10) {
        const recent = slow.slice(-10).sort((a, b) => a - b)
        const median = recent[5] as number
        const late = median > Math.max(LATENCY_FACTOR * baselineMs, baselineMs + LATENCY_MS + held + (limit?.kind === 'bucket' ? recoveryMs * 1.5 : 0))
        // What this machine did not hear in time is not the target's: begun anew.
        if (late && stalled()) slow.length = 0
        else if (late) aborted ??= `answers take ${Math.round(median)} ms instead of ${Math.round(baselineMs)} ms`
      }
    }
    return aborted !== undefined || bannedSeconds !== undefined
  }
  const over = (): boolean => aborted !== undefined || bannedSeconds !== undefined
  const keep = (phase: LimiterSample['phase'], answers: readonly PacedAnswer[]): readonly LimiterSample[] => {
    const kept = answers.map((answer): LimiterSample => ({ ...answer, fate: fate(answer), phase }))
    samples.push(...kept)
    return kept
  }
  const arrivals = (): readonly Arrival[] =>
    samples
      .filter((one) => one.phase !== 'screen' && !(one.fate === 'broken' && one.status === 0))
      .map(({ sentMs, doneMs, fate: what }) => ({ sentMs, doneMs, admitted: what !== 'refused' }))
  const refusedAny = (): boolean => samples.some((one) => one.fate === 'refused')
  const steps = (count: number, atMs: number): readonly Step[] => Array.from({ length: count }, () => ({ atMs, request: ordinary }))
  const lines = connectionsFor(plan, zone)
  const few = { pool: POOL, most: lines.most }
  /** What a bucket takes in while one request is with the application: whoever exhausts it must ask for so many more, without waiting for answers. */
  const meanwhile = (): number =>
    limit === undefined || limit.windowMs !== undefined || Number.isNaN(baselineMs)
      ? 0
      : Math.min(MOST_MEANWHILE, Math.floor((baselineMs * limit.perSecond) / 1_000))
  let used = false
  let noH2 = false
  let prepared: Promise<Prepared> | undefined
  const of = (way: Asked['way']): readonly Asked[] => variants.filter((variant) => variant.way === way)
  let recovery: LimiterObservation['recovery']
  try {
    // Idle connections are not kept for long everywhere.
    if (plan.floodAtMs < 3_000) await prepare()
    else await sender.warm(POOL)
    const began = sender.nowMs
    // Alone: what an ordinary answer is, and how long it takes.
    let [one] = await sender.send(steps(1, began), few, watch)
    if (one !== undefined && fate(one) === 'refused' && !over()) {
      used = true
      await sleep(Math.min(recoveryMs * 1.1, 130_000), signal)
      ;[one] = await sender.send(steps(1, sender.nowMs), few, watch)
    }
    if (one !== undefined) {
      usual = fate(one) === 'admitted' ? one.status : undefined
      keep('first', [one])
    }
    const zero = one?.sentMs ?? began
    if (!over() && plan.first > 1) keep('first', await sender.send(steps(plan.first - 1, zero), few, watch))
    if (!over()) keep('flood', await sender.send(steps(plan.flood, zero + plan.floodAtMs), lines, watch))
    if (!over() && !refusedAny() && plan.more > 0) keep('more', await sender.send(steps(plan.more, sender.nowMs), lines, watch))
    const paced = async (): Promise<void> => {
      if (over() || plan.paced === 0 || !refusedAny()) return
      for (let asked = 0; !over(); ) {
        const from = sender.nowMs
        const moments = nextMoments(plan, arrivals(), asked, from)
        if (moments.length === 0) break
        asked += moments.length
        keep(
          'paced',
          await sender.send(
            moments.map((moment) => ({ atMs: from + moment, request: ordinary })),
            lines,
            watch,
          ),
        )
      }
    }
    const windowMs = limit?.windowMs
    if (windowMs === undefined) await paced()
    if (!over() && refusedAny()) await screen()
    if (windowMs !== undefined) {
      // Ways around that took so long fell into the next window, and what they used of it is not known: counted anew, by itself.
      if (!over() && refusedAny() && sender.nowMs > zero + LATE_SHARE * windowMs) {
        await sleep(windowMs * 1.05, signal)
        for (const [index, sample] of samples.entries()) samples[index] = { ...sample, phase: 'screen' }
        const from = sender.nowMs
        keep('first', await sender.send(steps(plan.first, from), few, watch))
        if (!over()) keep('flood', await sender.send(steps(plan.flood, from + plan.floodAtMs), lines, watch))
      }
      await paced()
    }
    if (!over() && refusedAny()) {
      const last = samples.findLast((sample) => sample.fate === 'refused')
      const said = retryAfterSeconds(last?.headers ?? [], startedMs + (last?.doneMs ?? 0)) ?? Number.NaN
      const enough = windowMs === undefined && limit !== undefined ? 1_300 / limit.perSecond + 20 : recoveryMs * 1.1
      const reopened = windowMs !== undefined && samples.some((sample) => sample.phase === 'paced' && sample.fate === 'admitted')
      const quietMs = reopened ? 0 : Math.min(Number.isNaN(said) || said <= 0 ? enough : said * 1_000 + 20, enough)
      await sleep(quietMs, signal)
      const [sample] = keep('recovery', await sender.send(steps(1, sender.nowMs), few, watch))
      if (sample !== undefined && !reopened) recovery = { quietMs, fate: sample.fate, status: sample.status }
    }
  } finally {
    clearInterval(heart)
    sender.close()
  }
  context.log(`zone ${zone.name}: ${sender.sent} requests, ${samples.filter((sample) => sample.fate === 'refused').length} refused`)
  return {
    zone: zone.name,
    url: `https://${place.host}${place.path}`,
    method: place.method,
    peer: sender.peer,
    at,
    samples,
    ...(usual === undefined ? {} : { usual }),
    baselineMs,
    tried,
    ...(noH2 ? { noH2 } : {}),
    ...(recovery === undefined ? {} : { recovery }),
    ...(aborted === undefined ? {} : { aborted }),
    ...(bannedSeconds === undefined ? {} : { bannedSeconds }),
    ...(used ? { used } : {}),
    sent: sender.sent,
    startedMs,
  }

  /** With the limiter exhausted: every way around it once, between ordinary requests; what got through is asked again, by itself. */
  async function screen(): Promise<void> {
    const wait = Math.max(0, ...variants.filter(({ kind }) => kind === 'zone').map(({ name }) => context.zones?.settleMs(name) ?? 0))
    if (wait > 0) await sleep(wait, signal)
    let number = 0
    const pool = of('pool')
    const { fresh, away, h2 } = await prepare()
    const ordinaries = plan.before + meanwhile()
    await sender.warm(ordinaries + pool.length + plan.after)
    const asked = (list: readonly Asked[]): readonly PacedRequest[] => list.map((variant) => variant.request(++number))
    const [before, ...answers] = await Promise.all([
      sender.volley(Array.from({ length: ordinaries }, () => ordinary)),
      sender.volley(asked(pool)),
      fresh.on(asked(of('fresh'))),
      away?.on(asked(of('address'))) ?? [],
      h2?.on(asked(of('h2'))) ?? [],
    ])
    const after = await sender.volley(Array.from({ length: plan.after }, () => ordinary))
    keep('screen', before)
    keep('screen', after)
    fresh.close()
    away?.close()
    h2?.close()
    for (const [index, way] of (['pool', 'fresh', 'address', 'h2'] as const).entries())
      for (const [position, variant] of of(way).entries()) {
        const answer = answers[index]?.[position]
        if (answer === undefined) continue
        watch(answer)
        const got = fate(answer)
        const suspicious = got === 'admitted' && leadsAround(variant, answer) && !over()
        let again = suspicious ? await confirm(variant) : undefined
        // A window that opened meanwhile opened for all: once more, in the next one.
        if (again !== undefined && limit?.windowMs !== undefined && again.ordinaryRefused < again.ordinary && !over()) again = await confirm(variant)
        tried.push({ kind: variant.kind, name: variant.name, answer, fate: got, ...(again === undefined ? {} : { again }) })
      }
  }

  /** A way around leads to the same answer as the ordinary way; another account may be told something else. */
  function leadsAround({ kind, name }: Variant, answer: PacedAnswer): boolean {
    if (kind === 'account' || kind === 'account-away') return true
    if (!['header', 'path', 'method', 'fresh', 'h2'].includes(kind) || answer.status !== usual) return false
    // A gate in front of everything says 401 to any method.
    return kind !== 'method' || name === 'HEAD' || usual < 400 || spoken(answer) === spoken(samples[0])
  }

  /** Opened before the limiter is exhausted: while connections are made, it refills. */
  function prepare(): Promise<Prepared> {
    prepared ??= (async () => {
      await sender.warm(plan.before + of('pool').length + plan.after)
      const second = zone.declared.secondAddress
      return {
        fresh: await sender.fresh(of('fresh').length),
        away: of('address').length === 0 || second === undefined ? undefined : await sender.fresh(of('address').length, second),
        h2: await sender.streams().catch((error: unknown) => {
          if (!(error instanceof ProbeError)) throw error
          noH2 = true
          return undefined
        }),
      }
    })()
    return prepared
  }

  async function confirm(variant: Asked): Promise<NonNullable<Tried['again']>> {
    // Another client has a limit of its own, of which two are used.
    const times = variant.kind === 'account-away' ? Math.max(1, Math.min(plan.again, (limit?.atOnce ?? plan.again) - 2)) : plan.again
    const list = Array.from({ length: times }, (_, index) => variant.request(100 + index))
    const more = meanwhile()
    // All that is under way together has its connection: what waited for one would meet a limit that has refilled.
    const pool = more === 0 ? POOL : POOL + 2 * plan.before + more + times + plan.after
    // On the connections of the flood: where each is counted by itself, others are not exhausted.
    const on = (requests: readonly PacedRequest[]): Promise<readonly PacedAnswer[]> =>
      sender.send(
        requests.map((request) => ({ atMs: sender.nowMs, request })),
        { pool, most: pool },
      )
    if (more > 0) await sender.warm(pool)
    const normal = (count: number): PacedRequest[] => Array.from({ length: count }, () => ordinary)
    const own =
      variant.way === 'h2'
        ? await sender.streams()
        : variant.way === 'pool'
          ? undefined
          : await sender.fresh(list.length, variant.way === 'address' ? zone.declared.secondAddress : undefined)
    // What came in while connections were made goes first.
    for (let round = 0; round <= (limit?.atOnce ?? 0) / plan.before; round += 1) {
      const drained = await on(normal(plan.before + more))
      if (drained.some((answer) => fate(answer) === 'refused')) break
    }
    // What the last round waited for came in meanwhile: that goes out first, all of it.
    const filled = more === 0 ? undefined : sender.volley(normal(plan.before + more))
    const start = sender.nowMs
    const first = Promise.all([on(normal(plan.before)), own?.on(list) ?? on(list)])
    // Where the application takes its time, the limiter is not asked after it.
    if (more === 0) await first
    const [[before, middle], after] = await Promise.all([first, on(normal(plan.after))])
    await filled
    own?.close()
    const around = [...before, ...after]
    return {
      times: list.length,
      admitted: middle.filter((answer) => fate(answer) === 'admitted').length,
      ordinary: around.length,
      ordinaryRefused: around.filter((answer) => fate(answer) === 'refused').length,
      tookMs: Math.max(...[...around, ...middle].map((answer) => (fate(answer) === 'admitted' && more > 0 ? answer.sentMs : answer.doneMs))) - start,
    }
  }
}

/** Where answers are held back, as many as the burst wait at once. */
function connectionsFor(plan: LimiterPlan, zone: Zone): { readonly pool: number; readonly most: number } {
  const most = Math.min(64, POOL + plan.flood)
  return { pool: zone.limit?.kind === 'bucket' && zone.limit.nodelay !== true ? most : POOL, most }
}

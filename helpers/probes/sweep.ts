/**
 * Many paths of one host, asked one after the other at a polite pace, and for each answer that looks like a success a path beside it that cannot
 * exist: what a catch-all answers. Facts only.
 */
import { hash } from 'node:crypto'
import { isIP } from 'node:net'
import { isLoopback, isPrivateAddress } from '../grammar/address.ts'
import type { HttpObservation, RawHeaders } from '../observations.ts'
import { Pace } from '../pace.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError, RETRYABLE } from '../probe.ts'
import { Bursts } from './burst.ts'
import { type HttpRequest, httpRequest, sentHeaders, splitUrl } from './http.ts'
import { resolveHost } from './resolve.ts'

export interface SweepPath {
  /** Request target as sent. */
  readonly path: string
  /** @default 'GET' */
  readonly method?: string
  readonly headers?: RawHeaders
  readonly body?: string
  /** @default 65536 */
  readonly maxBodyBytes?: number
  /** Take what came of the body so long after its head. @default 3000 */
  readonly readMs?: number
}
export interface SweepAnswer {
  readonly path: string
  /** Undefined when the sweep stopped before it. */
  readonly seen?: Observed<HttpObservation>
  /** The answer for a path beside it, of the same folder and extension, that cannot exist; asked only where {@link seen} is 2xx with a body. */
  readonly sibling?: Observed<HttpObservation>
}
export interface Sweep {
  /** In the order asked for. */
  readonly answers: readonly SweepAnswer[]
  /** Why it ended early: the host answered several requests in a row with 429 or 5xx. */
  readonly stopped?: string
}

const NOTHING = 'postproof-3f9c0d1e'
/** A path of the same folder and the same extension that no deployment has; dot files stay dot files, folders stay folders, queries stay. */
export function siblingOf(path: string): string {
  const mark = path.indexOf('?')
  const query = mark < 0 ? '' : path.slice(mark)
  const whole = mark < 0 ? path : path.slice(0, mark)
  if (whole === '/') return `/${NOTHING}/${query}`
  if (whole.endsWith('/')) return `${whole.slice(0, whole.slice(0, -1).lastIndexOf('/') + 1)}${NOTHING}/${query}`
  const slash = whole.lastIndexOf('/') + 1
  const name = whole.slice(slash)
  const hidden = name.startsWith('.')
  const dot = name.indexOf('.', hidden ? 1 : 0)
  return `${whole.slice(0, slash)}${hidden ? '.' : ''}${NOTHING}${dot < 0 ? '' : name.slice(dot)}${query}`
}

/** Requests per second to addresses that strangers may share; the owner's limits.requestsPerSecond replaces it. */
const PUBLIC_PER_SECOND = 5
const STOP_AFTER = 3
const RETRY_MS = 250
/** Requests under way at once, of all sweeps of one host together: the questions of other suites must not wait behind a hundred paths. */
const AT_ONCE = 12

const REFUSAL_BYTES = 4_096
const REFUSAL_HEADERS: ReadonlySet<string> = new Set([
  'content-type',
  'location',
  'www-authenticate',
  'retry-after',
  'server',
  'cf-mitigated',
  'x-amzn-waf-action',
])

type Look = Observed<HttpObservation>
const MAX_BODY_BYTES = 65_536

/** One request past the run's memo, which would keep every answer: tried once more after a network-class failure, as the run does. */
async function look(context: ProbeContext, request: HttpRequest): Promise<Look> {
  for (let attempts = 1; ; attempts += 1) {
    const startedAt = new Date().toISOString()
    const start = performance.now()
    const facts = (): { startedAt: string; durationMs: number; attempts: number } => ({ startedAt, durationMs: performance.now() - start, attempts })
    try {
      return { ok: true, value: await httpRequest(request).run(context), ...facts() }
    } catch (error) {
      if (!(error instanceof ProbeError) || context.signal.aborted) throw error
      if (attempts > 1 || !RETRYABLE.has(error.failure.code)) return { ok: false, failure: error.failure, ...facts() }
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** What every sweep of one host shares: its turn, its pace, and how often in a row the host refused to work. */
class Turn {
  refusals = 0
  stopped: string | undefined
  #free = AT_ONCE
  readonly #bodies = new Map<string, Uint8Array>()
  readonly #waiting: (() => void)[] = []
  readonly #pace: Pace
  /** Undefined where the host is asked at a pace. */
  readonly bursts: Bursts | undefined
  #body: Uint8Array = new Uint8Array(0)
  readonly #headers = new WeakMap<RawHeaders, RawHeaders>()
  constructor(host: string, perSecond: number) {
    this.#pace = new Pace(perSecond, 1)
    this.bursts = perSecond === 0 && isIP(host) === 0 ? new Bursts(host) : undefined
  }
  /** Does the work when its turn comes; undefined when the sweeps of this host have stopped meanwhile. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      await this.#pace.turn(signal)
      return this.stopped === undefined ? await work() : undefined
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
  /**
   * What a hundred refusals would keep in memory for the whole run is cut: of answers that are no success the first bytes of the body and the headers
   * that say why; equal bodies of one host are kept once.
   */
  slim(seen: HttpObservation): HttpObservation {
    const success = seen.status >= 200 && seen.status < 300
    const body = success ? seen.body : seen.body.slice(0, REFUSAL_BYTES)
    const kept = this.#once(body)
    return {
      ...seen,
      body: kept,
      truncated: seen.truncated || kept.length < seen.body.length,
      headers: success ? seen.headers : this.#telling(seen.headers),
    }
  }
  #once(body: Uint8Array): Uint8Array {
    // Mostly the one before.
    if (Buffer.compare(body, this.#body) === 0) return this.#body
    const digest = hash('sha256', body)
    this.#body = this.#bodies.get(digest) ?? body
    this.#bodies.set(digest, this.#body)
    return this.#body
  }
  #telling(headers: RawHeaders): RawHeaders {
    const known = this.#headers.get(headers)
    if (known !== undefined) return known
    const telling = headers.filter(([name]) => REFUSAL_HEADERS.has(name.toLowerCase()))
    this.#headers.set(headers, telling)
    return telling
  }
  count(seen: Observed<HttpObservation>): void {
    const refused = seen.ok ? seen.value.status === 429 || seen.value.status >= 500 : seen.failure.code === 'TIMEOUT'
    if (!refused) this.refusals = 0
    else if (++this.refusals >= STOP_AFTER)
      this.stopped ??= `${STOP_AFTER} answers in a row were 429, 5xx or silence; the last: ${seen.ok ? `status ${seen.value.status} for ${seen.value.url}` : seen.failure.message}`
  }
}

async function turnOf(context: ProbeContext, host: string): Promise<Turn> {
  let perSecond = context.target.file.limits?.requestsPerSecond
  if (perSecond === undefined) {
    const resolved = isIP(host) === 0 ? await context.observe(resolveHost(host)) : undefined
    if (resolved?.ok === false) throw new ProbeError(resolved.failure)
    const address = resolved?.value.addresses[0]?.address ?? host
    perSecond = isLoopback(address) || isPrivateAddress(address) ? 0 : PUBLIC_PER_SECOND
  }
  const pace = perSecond
  return context.resource(
    `sweep ${host}`,
    () => new Turn(host, pace),
    () => {},
  )
}

/** Does the work for each, so many at once. */
async function eachOf<T>(list: readonly T[], work: (one: T, index: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, list.length) }, async () => {
      for (let index = next++; index < list.length; index = next++) await work(list[index] as T, index)
    }),
  )
}

/** What a burst saw of each; undefined for what is left to ask alone. */
async function burst(
  context: ProbeContext,
  turn: Turn,
  paths: readonly SweepPath[],
  alone: (request: SweepPath) => Promise<Look | undefined>,
): Promise<readonly (Look | undefined)[]> {
  const { bursts } = turn
  const plain = paths.flatMap((request, index) =>
    (request.method ?? 'GET') === 'GET' && request.body === undefined && request.readMs === undefined ? [{ request, index }] : [],
  )
  const seen: (Look | undefined)[] = paths.map(() => undefined)
  if (bursts === undefined || turn.stopped !== undefined) return seen
  const got = await bursts.ask(
    context,
    plain.map(({ request: { path, headers, maxBodyBytes = MAX_BODY_BYTES } }) => ({
      path,
      maxBodyBytes,
      headers: sentHeaders({ headers }),
      beside: siblingOf(path),
    })),
    (at) => alone((plain[at] as (typeof plain)[number]).request),
  )
  got.forEach((one, at) => {
    const { index } = plain[at] as (typeof plain)[number]
    seen[index] = one?.ok === true ? { ...one, value: turn.slim(one.value) } : one
  })
  return seen
}

/** Statuses that a ban answers with: of a path alone they mean that it is closed. */
const BARS: ReadonlySet<number> = new Set([403, 406])

/** Why the refusals at the end of a sweep are no answers about paths: the document, which was served before, is refused now as well. */
async function barredSince(context: ProbeContext, root: HttpObservation, answers: readonly SweepAnswer[]): Promise<string | undefined> {
  const last = answers.findLast(({ seen }) => seen !== undefined)?.seen
  if (last?.ok !== true || !BARS.has(last.value.status) || BARS.has(root.status)) return undefined
  const { scheme, host } = splitUrl(root.url) ?? { scheme: 'https', host: '' }
  const again = await look(context, { scheme, host, maxBodyBytes: REFUSAL_BYTES, tag: 'after a sweep' })
  if (again.ok && !BARS.has(again.value.status)) return undefined
  return `the host refuses this machine by now: GET / was answered with ${root.status} before, and ${again.ok ? `with ${again.value.status}` : `not at all (${again.failure.code})`} afterwards`
}

/**
 * Asks a host for paths over https. After three answers in a row of 429, 5xx or silence no sweep of this host asks further (`stopped`).
 * @param name what the list is, for the key: one name, one list
 * @throws ProbeError what GET / failed with, when the host cannot be reached at all
 */
export function sweepPaths(host: string, name: string, paths: readonly SweepPath[]): Probe<Sweep> {
  return {
    kind: 'sweepPaths',
    key: `sweepPaths https://${host} ${name} (${paths.length})`,
    impact: 'read',
    cost: { connections: 0, requests: paths.length },
    host,
    // Of all looks at a host the longest: begun first, the others find their answers beside it.
    waitsMs: 1_000,
    // Only a backstop: each request has its own deadline, and waiting for one's turn at an address that many hosts share may take minutes.
    timeoutMs: 3_600_000,
    async run(context): Promise<Sweep> {
      const root = await context.observe(httpRequest({ scheme: 'https', host }))
      if (!root.ok) throw new ProbeError(root.failure)
      const turn = await turnOf(context, host)
      const answers: SweepAnswer[] = paths.map(({ path }) => ({ path }))
      const alone = (request: SweepPath): Promise<Look | undefined> =>
        turn.take(context.signal, async () => {
          const seen = await look(context, { scheme: 'https', host, maxBodyBytes: MAX_BODY_BYTES, readMs: 3_000, ...request })
          turn.count(seen)
          return seen.ok ? { ...seen, value: turn.slim(seen.value) } : seen
        })
      const together = await burst(context, turn, paths, alone)
      await eachOf(paths, async (request, index) => {
        const seen = together[index] ?? (await alone(request))
        if (seen !== undefined) answers[index] = { path: request.path, seen }
      })
      const barred = await barredSince(context, root.value, answers)
      if (barred !== undefined) {
        turn.stopped ??= barred
        // What the ban answered says nothing of the path.
        answers.forEach(({ path, seen }, index) => {
          if (seen?.ok === true && BARS.has(seen.value.status)) answers[index] = { path }
        })
      }
      // Without its sibling a success cannot be judged: it stays unasked.
      const besides = new Map<string, { readonly request: SweepPath; readonly indexes: number[] }>()
      answers.forEach(({ seen }, index) => {
        if (seen?.ok !== true || seen.value.status < 200 || seen.value.status >= 300 || seen.value.body.length === 0) return
        const request = paths[index] as SweepPath
        const path = siblingOf(request.path)
        const key = `${request.method ?? 'GET'} ${path}`
        const known = besides.get(key)
        if (known === undefined) besides.set(key, { request: { ...request, path }, indexes: [index] })
        else known.indexes.push(index)
      })
      const siblings = [...besides.values()]
      const beside = await burst(
        context,
        turn,
        siblings.map(({ request }) => request),
        alone,
      )
      await eachOf(siblings, async ({ request, indexes }, at) => {
        const sibling = beside[at] ?? (await alone(request))
        for (const index of indexes) {
          const { path, seen } = answers[index] as SweepAnswer
          answers[index] = sibling === undefined || seen === undefined ? { path } : { path, seen, sibling }
        }
      })
      return { answers, ...(turn.stopped === undefined ? {} : { stopped: turn.stopped }) }
    },
  }
}

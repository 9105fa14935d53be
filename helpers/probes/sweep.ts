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
import { type HttpRequest, httpRequest } from './http.ts'
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

/** One request past the run's memo, which would keep every answer: tried once more after a network-class failure, as the run does. */
async function look(context: ProbeContext, request: HttpRequest): Promise<Observed<HttpObservation>> {
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
  constructor(perSecond: number) {
    this.#pace = new Pace(perSecond, 1)
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
    const digest = hash('sha256', body)
    const kept = this.#bodies.get(digest) ?? body
    this.#bodies.set(digest, kept)
    return {
      ...seen,
      body: kept,
      truncated: seen.truncated || kept.length < seen.body.length,
      headers: success ? seen.headers : seen.headers.filter(([name]) => REFUSAL_HEADERS.has(name.toLowerCase())),
    }
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
    () => new Turn(pace),
    () => {},
  )
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
    // Only a backstop: each request has its own deadline, and waiting for one's turn at an address that many hosts share may take minutes.
    timeoutMs: 3_600_000,
    async run(context): Promise<Sweep> {
      const root = await context.observe(httpRequest({ scheme: 'https', host }))
      if (!root.ok) throw new ProbeError(root.failure)
      const turn = await turnOf(context, host)
      const answers: SweepAnswer[] = paths.map(({ path }) => ({ path }))
      const siblings = new Map<string, Promise<Observed<HttpObservation> | undefined>>()
      const ask = (request: SweepPath): Promise<Observed<HttpObservation> | undefined> =>
        turn.take(context.signal, async () => {
          const seen = await look(context, { scheme: 'https', host, maxBodyBytes: 65_536, readMs: 3_000, ...request })
          turn.count(seen)
          return seen.ok ? { ...seen, value: turn.slim(seen.value) } : seen
        })
      const one = async (index: number): Promise<void> => {
        const request = paths[index] as SweepPath
        const seen = await ask(request)
        if (seen === undefined) return
        answers[index] = { path: request.path, seen }
        if (!seen.ok || seen.value.status < 200 || seen.value.status >= 300 || seen.value.body.length === 0) return
        const path = siblingOf(request.path)
        const key = `${request.method ?? 'GET'} ${path}`
        const looking = siblings.get(key) ?? ask({ ...request, path })
        siblings.set(key, looking)
        const sibling = await looking
        // Without its sibling a success cannot be judged: it stays unasked.
        answers[index] = sibling === undefined ? { path: request.path } : { path: request.path, seen, sibling }
      }
      let next = 0
      await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, paths.length) }, async () => {
          for (let index = next++; index < paths.length; index = next++) await one(index)
        }),
      )
      return { answers, ...(turn.stopped === undefined ? {} : { stopped: turn.stopped }) }
    },
  }
}

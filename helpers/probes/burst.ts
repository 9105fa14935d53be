/**
 * A host's sweeps, taken together in one pipelined connection where nobody set a pace. What one connection said is checked by another: of every kind
 * of answer one is asked for again on the host's ordinary connection, and so is whatever is of no kind. A single difference, and nothing of it counts.
 */
import { hash } from 'node:crypto'
import { headerValue, isChallenge } from '../headers.ts'
import type { HttpObservation, RawHeaders } from '../observations.ts'
import type { Observed, ProbeContext } from '../probe.ts'
import { probeMs } from '../target.ts'
import { openTls, round, connecting } from './connection.ts'
import { getHead, pipeline, type Pipelined, type PipelinedAnswer } from './pipeline.ts'
import { firstAddress } from './tls.ts'

export interface BurstRequest {
  readonly path: string
  /** As sent, but for `host`. */
  readonly headers: RawHeaders
  readonly maxBodyBytes: number
  /** Of a path beside it, asked in the same breath where the host says the same to anything. */
  readonly beside?: string
}

/** Unanswered at a time: HTTP/1.1 answers them one after the other, so that a host does no more at once; over a distance each window costs a round trip. */
const WINDOW = 64
/** Fewer are not worth a connection. */
const FEWEST = 8
/** A kind of success has at least so many answers: what the host says to anything. */
const KIND = 3
/** Sweeps of a host begin together; who comes later is asked one by one: one connection a host, and no more. */
const GATHER_MS = 5
const QUIET_MS = 2_000
/** What every server knows and costs least: how the host shakes hands is looked at elsewhere. */
const GROUPS = 'X25519:prime256v1:secp384r1:secp521r1'

/** Refusals that are the host's own word about a path. Everything else may be its word about how it was asked. */
const REFUSALS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 401, 403, 404, 405, 410])

type Seen = Observed<HttpObservation>
interface Asker {
  readonly context: ProbeContext
  readonly requests: readonly BurstRequest[]
  /** Asks for one on the ordinary connection; undefined: not any more. */
  readonly alone: (index: number) => Promise<Seen | undefined>
  readonly done: (seen: readonly (Seen | undefined)[]) => void
  readonly failed: (error: unknown) => void
}

type Answered = Pipelined & { readonly peer: string; readonly beside: readonly { readonly request: BurstRequest; readonly answer: PipelinedAnswer }[] }

/** What makes answers one kind, or undefined for what must be asked by itself. */
function kindOf(answer: Pick<HttpObservation, 'status' | 'headers' | 'body'>): string | undefined {
  const { status } = answer
  if (headerValue(answer.headers, 'content-encoding') !== undefined || isChallenge(answer)) return undefined
  if (REFUSALS.has(status)) return `${status}`
  return status === 200 && answer.body.length > 0 ? `${status} ${hash('sha256', answer.body)}` : undefined
}

const nameOf = ({ path, headers, maxBodyBytes }: BurstRequest): string => JSON.stringify([path, headers, maxBodyBytes])

/** What stands beside each, once, where among the answers one success comes {@link KIND} times: the host may say it to anything. */
function besides(requests: readonly BurstRequest[], answers: readonly PipelinedAnswer[]): readonly BurstRequest[] {
  const kinds = Map.groupBy(answers, (answer) => (answer.status === 200 ? kindOf(answer) : undefined))
  if (![...kinds].some(([kind, members]) => kind !== undefined && members.length >= KIND)) return []
  const found = new Map<string, BurstRequest>()
  for (const { beside, ...request } of requests) {
    const one = { ...request, path: beside ?? request.path }
    if (beside !== undefined && !found.has(nameOf(one))) found.set(nameOf(one), one)
  }
  return [...found.values()]
}

const start = (body: Uint8Array, { maxBodyBytes }: BurstRequest): Uint8Array => (body.length > maxBodyBytes ? body.subarray(0, maxBodyBytes) : body)

export class Bursts {
  readonly #host: string
  readonly #waiting: Asker[] = []
  #gathering = false
  #begun = false
  /** What was asked beside others, until somebody asks for it. */
  readonly #beside = new Map<string, Seen>()

  constructor(host: string) {
    this.#host = host
  }

  /**
   * What was seen of each, undefined for what must be asked one by one.
   * @param alone asks for one of them on the ordinary connection
   */
  ask(context: ProbeContext, requests: readonly BurstRequest[], alone: (index: number) => Promise<Seen | undefined>): Promise<readonly (Seen | undefined)[]> {
    return new Promise((resolve, reject) => {
      if (this.#begun || requests.length === 0) {
        resolve(requests.map((request) => this.#beside.get(nameOf(request))))
        return
      }
      this.#waiting.push({ context, requests, alone, done: resolve, failed: reject })
      if (this.#gathering) return
      this.#gathering = true
      setTimeout(() => {
        this.#begun = true
        void this.#burst(this.#waiting.splice(0))
      }, GATHER_MS)
    })
  }

  async #burst(askers: readonly Asker[]): Promise<void> {
    const all = askers.flatMap((asker, by) => asker.requests.map((request, index) => ({ request, by, index })))
    const seen: (Seen | undefined)[][] = askers.map(({ requests }) => requests.map(() => undefined))
    try {
      const [first] = askers
      if (first !== undefined && all.length >= FEWEST) {
        const { answers, beside, peer, refused } = await this.#pipelined(
          first.context,
          all.map(({ request }) => request),
        )
        if (refused === undefined) {
          const kinds = Map.groupBy(
            answers.map((answer, at) => ({ answer, at, kind: kindOf(answer) })),
            ({ kind }) => kind,
          )
          const isKept = (kind: string | undefined, { length }: { readonly length: number }): boolean =>
            kind !== undefined && (!kind.includes(' ') || length >= KIND)
          const kept = [...kinds].filter(([kind, members]) => isKept(kind, members))
          // One of each kind, and all that are of none.
          const doubtful = [...kinds].flatMap(([kind, members]) => (isKept(kind, members) ? members.slice(-1) : members))
          const confirmed = await Promise.all(
            doubtful.map(async ({ answer, at, kind }) => {
              const { request, by, index } = all[at] as (typeof all)[number]
              const again = await (askers[by] as Asker).alone(index)
              ;(seen[by] as (Seen | undefined)[])[index] = again
              if (again?.ok !== true || again.value.status !== answer.status) return false
              if (!kept.some(([one]) => one === kind)) return true
              return REFUSALS.has(answer.status) ? kindOf(again.value) === kind : Buffer.compare(again.value.body, start(answer.body, request)) === 0
            }),
          )
          if (confirmed.every(Boolean)) {
            for (const [, members] of kept)
              for (const { answer, at } of members) {
                const { request, by, index } = all[at] as (typeof all)[number]
                ;(seen[by] as (Seen | undefined)[])[index] ??= this.#observation(request, answer, peer)
              }
            for (const { request, answer } of beside)
              if (kept.some(([kind]) => kind === kindOf(answer))) this.#beside.set(nameOf(request), this.#observation(request, answer, peer))
          } else first.context.log('asked one by one: there it answers otherwise')
        }
      }
      askers.forEach(({ done }, by) => done(seen[by] as (Seen | undefined)[]))
    } catch (error) {
      for (const { failed } of askers) failed(error)
    }
  }

  async #pipelined(context: ProbeContext, requests: readonly BurstRequest[]): Promise<Answered> {
    const headOf = ({ path, headers }: BurstRequest, last: boolean): string | undefined => getHead(this.#host, path, headers, last)
    const heads = requests.map((request, index) => headOf(request, index === requests.length - 1))
    const nothing = (refused: string): Answered => ({ answers: [], beside: [], refused, peer: '' })
    const sayable = heads.filter((head) => head !== undefined)
    if (sayable.length < heads.length) return nothing('a request that is no plain GET')
    let address: string
    let opened: Awaited<ReturnType<typeof openTls>>
    try {
      address = await firstAddress(context, this.#host)
      opened = await connecting(context, 'probe', (near) => openTls(near, { address, port: 443, servername: this.#host, alpn: ['http/1.1'], groups: GROUPS }))
    } catch (error) {
      if (context.signal.aborted) throw error
      return nothing(error instanceof Error ? error.message : String(error))
    }
    const { socket, tcp } = opened
    tcp.release()
    if (typeof socket.alpnProtocol === 'string' && socket.alpnProtocol !== 'http/1.1') {
      socket.destroy()
      return nothing(`${tcp.peer} speaks ${socket.alpnProtocol}`)
    }
    const began = performance.now()
    const limitMs = probeMs(context.target)
    const pace = context.pace(address)
    /** Asked on the way, just before the last. */
    let added: readonly BurstRequest[] = []
    const got = await pipeline(socket, sayable, {
      window: WINDOW,
      quietMs: Math.min(QUIET_MS, limitMs),
      mostMs: Math.max(limitMs, 10_000),
      signal: context.signal,
      turn: () => pace.turn(),
      more: (answers) => {
        const said = besides(requests, answers).map((request) => ({ request, head: headOf(request, false) }))
        added = said.flatMap(({ request, head }) => (head === undefined ? [] : [request]))
        return said.flatMap(({ head }) => (head === undefined ? [] : [head]))
      },
    })
    context.log(
      `${requests.length + added.length} GETs in one go to ${tcp.peer} -> ${got.refused ?? `${got.answers.length} answers`} in ${round(performance.now() - began)} ms`,
    )
    const before = requests.length - 1
    return {
      ...got,
      answers: [...got.answers.slice(0, before), ...got.answers.slice(before + added.length)],
      beside: added.flatMap((request, index) => {
        const answer = got.answers[before + index]
        return answer === undefined ? [] : [{ request, answer }]
      }),
      peer: tcp.peer,
    }
  }

  #observation(request: BurstRequest, answer: PipelinedAnswer, peer: string): Seen {
    const { status, statusText, headers, at, ttfbMs } = answer
    const body = start(answer.body, request)
    return {
      ok: true,
      startedAt: at,
      durationMs: ttfbMs,
      attempts: 1,
      value: {
        url: `https://${this.#host}${request.path}`,
        method: 'GET',
        status,
        statusText,
        httpVersion: '1.1',
        headers,
        body,
        truncated: body.length < answer.body.length,
        decodeFailed: false,
        wireBytes: body.length,
        peer,
        reused: true,
        at,
        timings: { ttfbMs, transferMs: 0, totalMs: ttfbMs, loopDelayMs: 0 },
      },
    }
  }
}

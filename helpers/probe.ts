/** A probe looks at one fact of the target, once per run; an observation is what it saw. Probes have no opinion and no thresholds. */
import type { Target } from './target.ts'

/** What a probe does to its target. Everything but `read` needs the owner's consent by name (`allow`) and runs last, one by one. */
export const IMPACTS = ['read', 'login', 'write', 'mail', 'load', 'drill'] as const
export type Impact = (typeof IMPACTS)[number]

/**
 * Why nothing usable came back: a fact about the network or the target, never an exception of ours. `code` keeps the system's own word
 * (`ECONNREFUSED`, `ECONNRESET`, `ETIMEDOUT`, `ENETUNREACH`, `ENOTFOUND`, `NXDOMAIN`, `NODATA`, `SERVFAIL`, TLS alert names…); `phase` is where.
 */
export interface ProbeFailure {
  readonly code: string
  readonly message: string
  readonly phase: 'resolve' | 'connect' | 'tls' | 'request' | 'response' | 'deadline' | 'internal'
}

export type Observed<T> =
  | { readonly ok: true; readonly value: T; readonly startedAt: string; readonly durationMs: number; readonly attempts: number }
  | { readonly ok: false; readonly failure: ProbeFailure; readonly startedAt: string; readonly durationMs: number; readonly attempts: number }

/** What running probes are given. `observe` runs another probe (memoised), so that probes compose without opening a connection twice. */
export interface ProbeContext {
  readonly target: Target
  readonly signal: AbortSignal
  observe<T>(probe: Probe<T>): Promise<Observed<T>>
  /** Waits for a connection slot of this address (host limit and global limit); `release` must be called. */
  connection(address: string): Promise<{ release(): void }>
  /** The pace of an address: that of all its hosts together. */
  pace(address: string): AddressPace
  /** Use of the declared rate-limit zones (helpers/zones.ts); absent in a context that knows none. */
  readonly zones?: ZoneTurns
  /** One line of the wire log shown by `--debug`. */
  log(line: string): void
  /** Counts what a probe that acts uses beyond requests, which are counted where they are sent; absent where nobody counts. */
  used?(what: Partial<Omit<Used, 'requests' | 'zones'>>): void
  /**
   * Promises that something is taken away again. What is not taken back by the end of the run (its deadline passed, Ctrl-C, the probe failed) is done
   * then, with a context of its own and within seconds; `act` answers whether it is gone. Absent where nobody keeps promises.
   */
  undo?(what: string, act: (context: ProbeContext) => Promise<boolean>): Undo
  /** Tells whoever watches that something of the target is waited for; absent where nobody does. */
  waiting?(wait: Waiting): void
  /**
   * Something of this machine that is kept for the whole run (a kept-alive connection, what a drill made) and closed when it ends, however long that takes.
   * Same key, same resource. What stands on the target is promised by {@link ProbeContext.undo} instead: within seconds, and told of in the report.
   */
  resource<R>(key: string, open: () => R, close: (resource: R) => void | Promise<void>): R
}

export interface Undo {
  /** It is done already, or there is nothing to undo. */
  done(): void
}

/** What probes that act used in a run. */
export interface Used {
  readonly requests: number
  /** Requests by declared rate-limit zone. */
  readonly zones: Readonly<Record<string, number>>
  /** Attempts to log in, by account. */
  readonly logins: Readonly<Record<string, number>>
  /** Throw-away accounts asked for. */
  readonly registrations: number
  readonly mails: number
  /** Of bodies, where they are worth a word. */
  readonly bytes: number
  /** WebSockets asked for; their handshakes are among the requests. */
  readonly sockets: number
  /** Messages and Pings sent over them; the Close that ends each, and Pongs to the peer's own Pings, are not counted. */
  readonly frames: number
}

/** Something that a probe made and its end did not remove, and what became of it at the end of the run. */
export interface CleanedUp {
  readonly what: string
  readonly host?: string
  readonly removed: boolean
  /** Why it is still there, or may be. */
  readonly reason?: string
}

export interface Waiting {
  /** `mail of newsletter` */
  readonly what: string
  /** Milliseconds so far, and at most. */
  readonly sinceMs: number
  readonly mostMs: number
}

/** Turns in the declared rate-limit zones, so that no look spends what another is about to measure. */
export interface ZoneTurns {
  /** Waits until the request is within the declared limits of its zones, and counts it. */
  turn(request: { readonly host: string; readonly path: string; readonly method?: string }): Promise<void>
  /** Counts requests that go out regardless. */
  note(request: { readonly host: string; readonly path: string; readonly method?: string }, times?: number): void
  /**
   * Of a request within the limits that was refused nevertheless: waits, once a run for each zone, until what others used before is forgotten.
   * @param sentAt on the clock of `performance`
   * @returns whether to try again
   */
  recovered(request: { readonly host: string; readonly path: string; readonly method?: string }, sentAt: number): Promise<boolean>
  /** Milliseconds until a zone is surely as if nobody had used it. */
  settleMs(zone: string): number
}

/** How fast an address may be asked (helpers/pace.ts). */
export interface AddressPace {
  /** Waits until it may be asked once more. */
  turn(): Promise<void>
  /** It answered 429 and wants so many milliseconds of peace. @returns whether asking again makes sense */
  refused(milliseconds: number): boolean
  /** It answered something else. */
  accepted(): void
}

/** What a look costs the target at most; where it acts, exactly, if the target does as declared. */
export interface ProbeCost {
  /** New ones. */
  readonly connections: number
  readonly requests: number
  /** Requests that each declared rate-limit zone counts (`zoneCosts` of helpers/zones.ts). */
  readonly zones?: Readonly<Record<string, number>>
  /** Attempts to log in, by account. */
  readonly logins?: Readonly<Record<string, number>>
  /** Throw-away accounts asked for. */
  readonly registrations?: number
  /** Messages sent. */
  readonly mails?: number
  /** Bytes of bodies sent, where they are worth a word. */
  readonly bytes?: number
  /** WebSockets asked for; their handshakes are among the requests. */
  readonly sockets?: number
  /** Messages and Pings sent over them. */
  readonly frames?: number
  /** Further requests at most, where the target does not do as declared. */
  readonly unexpected?: number
  /** What the target answers decides how much of it is used: the numbers are bounds, whatever it does. */
  readonly atMost?: true
  /** It opens pages in a browser: WebSockets that these open are counted and told of, yet cannot be held back. */
  readonly openEnded?: true
}

export interface Probe<T> {
  /** Verb on a protocol: `httpGet`, `tlsHandshake`, `dnsQuery`. */
  readonly kind: string
  /** Kind plus every argument: two probes of one key are one look. */
  readonly key: string
  readonly impact: Impact
  /** What it may cost at most. `plan` sums these. */
  readonly cost: ProbeCost
  /** Host or address it goes to, for `plan` and for consent; undefined for resolvers. */
  readonly host?: string
  /** Other looks that it asks for: each is one of its own, counted once however many ask for it. */
  readonly asks?: readonly Probe<unknown>[]
  /** Milliseconds that it takes by its nature (a silent channel, a stream, a hundred paths): what takes longest begins first. @default 0 */
  readonly waitsMs?: number
  /**
   * It exhausts a limiter that needs so many milliseconds to recover: goes after everything else that acts, what recovers soonest first.
   * @default it exhausts nothing
   */
  readonly exhaustsMs?: number
  /** @default the run's probe timeout (10 s) */
  readonly timeoutMs?: number
  /** May throw {@link ProbeError} for what network or target did; anything else thrown is our defect. */
  run(context: ProbeContext): Promise<T>
}

/** Thrown by a probe for what the network or the target did. The run turns it into `{ok: false}`; it never reaches a judge as a throw. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
  readonly failure: ProbeFailure
  constructor(failure: ProbeFailure, options?: { cause?: unknown }) {
    super(`${failure.phase}: ${failure.message} (${failure.code})`, options)
    this.failure = failure
  }
}

const UNROUTABLE: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'])
/** This machine has no way to an address of that family (most runners lack IPv6): silence says nothing about the server. */
export const isUnroutable = ({ code }: ProbeFailure, address: string): boolean => UNROUTABLE.has(code) || (address.includes(':') && code === 'EHOSTUNREACH')

/** Proof that nothing listens: the connection itself was refused. A resolver or a proxy that refuses says nothing about the port. */
export const isRefused = (seen: Observed<unknown>): boolean => !seen.ok && seen.failure.phase === 'connect' && seen.failure.code === 'ECONNREFUSED'

/** Network-class failures: the run tries once more after 2 s (on a public address), and says so. Refusals and answers are judgements, never retried. */
export const RETRYABLE: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'TIMEOUT',
  'EOF',
])

/** Asks for both sides of the union: for a check whose subject is the refusal itself (closed port, rejected TLS 1.0). */
export interface Attempt<T> {
  readonly attempt: Probe<T>
}
export const attempt = <T>(probe: Probe<T>): Attempt<T> => ({ attempt: probe })

/** Where a server of a drill runs, and how its programs are run beside it. */
import type { TimeBasis } from '../observation.ts'

export interface Ran {
  readonly exit: number
  readonly stdout: string
  /** At most {@link STDERR_BYTES}. */
  readonly stderr: string
}
export const STDERR_BYTES = 1024 * 1024
export const STDOUT_BYTES = 64 * 1024 * 1024

export interface Reach {
  /** Other than loopback. */
  readonly interfaces: readonly string[]
  readonly routes: number
  readonly unread?: string
}

export interface Place {
  readonly name: 'docker' | 'native' | 'embedded'
  readonly image?: string
  /** How the drill talks to it. */
  readonly reached: string
  /** `15.18` */
  readonly version: string
  readonly basis: TimeBasis
  /** Runs whatever is in a dump; false: it shares this machine's file system, so a dump that starts programs is refused. */
  readonly sealed: boolean
  /** Where it listens for whoever shares its network; absent: it does not. */
  readonly port?: number
  /** Runs a shell script beside the server; what its client needs to find it is set. `$1`… are the arguments. */
  sh(script: string, args?: readonly string[], options?: RunOptions): Promise<Ran>
  /** Name of a file or folder of the work folder, or of an artifact that was given, as seen by the scripts. */
  inside(path: string): string
  reach(): Promise<Reach>
  stop(): Promise<void>
}
export interface RunOptions {
  /** Standard input. */
  readonly file?: string
  readonly input?: string
  readonly signal?: AbortSignal
  /** How much of {@link file} was read, now and then. */
  readonly onMove?: (percent: number) => void
  /** Runs as whoever runs the drill, who may read the artifact; for programs that execute nothing they read. */
  readonly trusted?: boolean
}

/** Nothing of the artifact: an engine is not there, or ended. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  /** `missing`: something that its user can give is not there; `died`: it ended in the middle. */
  readonly kind: 'missing' | 'died'
  /** The last lines of a server that did not come up. */
  readonly said: readonly string[]
  constructor(kind: 'missing' | 'died', message: string, options?: { cause?: unknown; said?: readonly string[] }) {
    super(message, options)
    this.kind = kind
    this.said = options?.said ?? []
  }
}

/** Interfaces and routes from /proc/net/dev and /proc/net/route (proc_net(5)). */
export function reachOf(devices: string, routes: string): Reach {
  if (!/^\s*lo:/m.test(devices)) return { interfaces: [], routes: 0, unread: "the server's own view of the network could not be read" }
  const interfaces = devices
    .split('\n')
    .slice(2)
    .map((line) => line.split(':')[0]?.trim() ?? '')
    .filter((name) => name !== '' && name !== 'lo' && !/^(?:tunl|sit|gre|gretap|erspan|ip_vti|ip6_vti|ip6tnl|ip6gre)\d/.test(name))
  return {
    interfaces,
    routes: routes
      .split('\n')
      .slice(1)
      .filter((line) => line.trim() !== '').length,
  }
}

/** One port at every address of the deployment, A and AAAA and the origin behind an edge, with the controls that tell closed from blocked. Facts only. */
import { isIP } from 'node:net'
import type { TcpObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { realPort } from '../target.ts'
import { resolveHost } from './resolve.ts'
import { type SshObservation, sshMethods } from './ssh.ts'
import { tcpConnect } from './tcp.ts'

/** A port without meaning (unassigned at IANA): where it is open too, something in between accepts everything. */
export const CONTROL_PORT = 47_911
const MOST_ADDRESSES = 32

export interface PortLook {
  readonly address: string
  readonly family: 4 | 6
  /** Names of the target that resolve to it; none for the origin behind an edge. */
  readonly names: readonly string[]
  /** It is `edge.origin.address`. */
  readonly origin: boolean
  readonly seen: Observed<TcpObservation>
  /** The control port of the same address; undefined where it was not needed or is not mapped. */
  readonly control?: Observed<TcpObservation>
  /** Asked after silence: a web port of the same address, to tell a filter from being locked out. */
  readonly alive?: Observed<TcpObservation>
}
export interface PortSight {
  readonly port: number
  readonly looks: readonly PortLook[]
  /** Names without an address, with the reason. */
  readonly unresolved: readonly string[]
}

async function places(context: ProbeContext): Promise<{ readonly places: readonly Omit<PortLook, 'seen'>[]; readonly unresolved: readonly string[] }> {
  const { target } = context
  const names = new Map<string, string[]>()
  const unresolved: string[] = []
  await Promise.all(
    target.hosts.map(async (host) => {
      const resolved = await context.observe(resolveHost(host.fqdn))
      if (!resolved.ok) unresolved.push(`${host.fqdn} (${resolved.failure.code})`)
      else
        for (const { address, family } of resolved.value.addresses)
          if (family === 4 || target.file.network?.ipv6 !== false) names.set(address, [...(names.get(address) ?? []), host.fqdn])
    }),
  )
  const origin = target.file.edge?.origin?.address
  if (origin !== undefined && isIP(origin) !== 0 && !names.has(origin)) names.set(origin, [])
  return {
    places: [...names]
      .map(([address, of]) => ({ address, family: isIP(address) === 6 ? (6 as const) : (4 as const), names: of.sort(), origin: address === origin }))
      .sort((a, b) => Number(b.origin) - Number(a.origin) || a.family - b.family || (a.address < b.address ? -1 : 1))
      .slice(0, MOST_ADDRESSES),
    unresolved,
  }
}

/**
 * A full connect to a logical port at every address of the target's hosts (at most 32) and of `edge.origin`.
 * @param ask said after connecting, to make a silent protocol answer; `readMs` how long to listen. @default 1000 ms where
 * the peer speaks first (MySQL looks the visitor’s name up before it greets), 3000 ms where it was asked something: a busy server is no silent one
 * @throws ProbeError `UNMAPPED` when the target maps ports and not this one; the resolver's word when no name has an address
 */
export function portEverywhere(port: number, ask: { readonly send?: Uint8Array; readonly readMs?: number } = {}): Probe<PortSight> {
  const said = ask.send === undefined ? '' : ` ${Buffer.from(ask.send).toString('base64url').slice(0, 64)}`
  const listenMs = ask.readMs ?? (ask.send === undefined ? 1_000 : 3_000)
  return {
    kind: 'portEverywhere',
    key: `portEverywhere ${port}${said}${ask.readMs === undefined ? '' : ` ${ask.readMs}`}`,
    impact: 'read',
    cost: { connections: 2, requests: ask.send === undefined ? 0 : 1 },
    waitsMs: listenMs,
    timeoutMs: 60_000,
    async run(context): Promise<PortSight> {
      if (realPort(context.target, port) === undefined)
        throw new ProbeError({ code: 'UNMAPPED', message: `port ${port} is not in network.ports`, phase: 'connect' })
      const found = await places(context)
      if (found.places.length === 0) throw new ProbeError({ code: 'NODATA', message: `no address: ${found.unresolved.join(', ')}`, phase: 'resolve' })
      const looks = await Promise.all(
        found.places.map(async (place): Promise<PortLook> => {
          const { address } = place
          const seen = await context.observe(
            tcpConnect({ host: address, address, port, readMs: listenMs, ...(ask.send === undefined ? {} : { send: ask.send }) }),
          )
          const state = seen.ok ? seen.value.state : undefined
          const control =
            state === 'open' && realPort(context.target, CONTROL_PORT) !== undefined
              ? await context.observe(tcpConnect({ host: address, address, port: CONTROL_PORT }))
              : undefined
          // Silence proves a filter only while the same address still talks to us: a scanner that was locked out hears silence everywhere.
          let alive: Observed<TcpObservation> | undefined
          if (state === 'filtered' || state === 'unreachable')
            for (const web of [443, 80]) {
              if (realPort(context.target, web) === undefined) continue
              alive = await context.observe(tcpConnect({ host: address, address, port: web, readMs: 1 }))
              if (alive.ok && alive.value.state === 'open') break
            }
          return { ...place, seen, ...(control === undefined ? {} : { control }), ...(alive === undefined ? {} : { alive }) }
        }),
      )
      return { port, looks, unresolved: [...found.unresolved].sort() }
    },
  }
}

interface SshLook extends PortLook {
  /** Asked where the port is open. */
  readonly ssh?: Observed<SshObservation>
}

/**
 * Which logins SSH offers, at every address where its port is open.
 * @throws ProbeError of {@link portEverywhere}
 */
export function sshEverywhere(port: number): Probe<Omit<PortSight, 'looks'> & { readonly looks: readonly SshLook[] }> {
  return {
    kind: 'sshEverywhere',
    key: `sshEverywhere ${port}`,
    impact: 'read',
    cost: { connections: 2, requests: 1 },
    timeoutMs: 60_000,
    async run(context) {
      const seen = await context.observe(portEverywhere(port))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const looks = await Promise.all(
        seen.value.looks.map(
          async (look): Promise<SshLook> =>
            look.seen.ok && look.seen.value.state === 'open' ? { ...look, ssh: await context.observe(sshMethods(look.address, port)) } : look,
        ),
      )
      return { ...seen.value, looks }
    },
  }
}

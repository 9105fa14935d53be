/** TLS handshakes of the target's hosts: what was negotiated and which certificates came. Facts only. */
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TlsObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Host, Target } from '../target.ts'
import { type OpenedTls, openTls, stillOpen, storeFor, type TlsParameters, type TlsVersion } from './connection.ts'
import { resolveHost, usableAddresses } from './resolve.ts'

export interface TlsHandshakeRequest {
  /** Fully qualified name, or an address. */
  readonly host: string
  /** @default the first address of the host */
  readonly address?: string
  /** Logical port. @default 443 */
  readonly port?: number
  /** Another server name than the host; false: none. @default host */
  readonly servername?: string | false
  readonly minVersion?: TlsVersion
  readonly maxVersion?: TlsVersion
  /** OpenSSL cipher string. */
  readonly ciphers?: string
  /** @default h2, http/1.1 */
  readonly alpn?: readonly string[]
}

/** First address of a host (or the address itself). Throws what the resolver said as ProbeError. */
export async function firstAddress(context: ProbeContext, host: string): Promise<string> {
  if (isIP(host) !== 0) return host
  const seen = await context.observe(resolveHost(host))
  if (!seen.ok) throw new ProbeError(seen.failure)
  const first = seen.value.addresses[0]
  if (first === undefined) throw new ProbeError({ code: 'NODATA', message: `${host} has no address`, phase: 'resolve' })
  return first.address
}

const hostOfTarget = (target: Target, fqdn: string): Host | undefined => target.hosts.find((one) => one.fqdn === fqdn)

/** The plain handshake's connection, kept for the first HTTPS client of the host that asks for it. */
interface Kept {
  opened?: OpenedTls
}
const keptKey = (host: string, address: string): string => `tls-connection ${host} ${address}`
const kept = (context: ProbeContext, host: string, address: string): Kept =>
  context.resource<Kept>(
    keptKey(host, address),
    () => ({}),
    (one) => void one.opened?.socket.destroy(),
  )

const isPlain = (request: TlsHandshakeRequest): boolean =>
  (request.port ?? 443) === 443 &&
  request.servername === undefined &&
  request.minVersion === undefined &&
  request.maxVersion === undefined &&
  request.ciphers === undefined &&
  request.alpn === undefined

const parametersOf = (context: ProbeContext, request: TlsHandshakeRequest): TlsParameters => ({
  servername: request.servername ?? request.host,
  store: storeFor(context.target, hostOfTarget(context.target, request.host)),
  ...(request.minVersion === undefined ? {} : { minVersion: request.minVersion }),
  ...(request.maxVersion === undefined ? {} : { maxVersion: request.maxVersion }),
  ...(request.ciphers === undefined ? {} : { ciphers: request.ciphers }),
  ...(request.alpn === undefined ? {} : { alpn: request.alpn }),
})

/**
 * One handshake with one address. Without further parameters it is the host's ordinary look (TLS 1.2–1.3, h2 and http/1.1 offered, OCSP
 * asked for), and its connection goes on to serve the host's HTTPS requests ({@link takeTls}). The certificate is never judged here.
 * @throws ProbeError with the codes of `connectionFailure`: alert, reset, end of stream, deadline, the library's refusal
 */
export function tlsHandshake(request: TlsHandshakeRequest): Probe<TlsObservation> {
  const { host, address } = request
  const details = Object.entries({ ...request, host: undefined, address: undefined })
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort()
  if (request.servername === false) details.push('servername=none')
  return {
    kind: 'tlsHandshake',
    key: ['tlsHandshake', host, ...(address === undefined ? [] : [`@${address}`]), ...details].join(' '),
    impact: 'read',
    cost: { connections: 1, requests: 0 },
    host,
    async run(context) {
      const to = address ?? (await firstAddress(context, host))
      if (!isPlain(request)) {
        const opened = await openTls(context, { address: to, port: request.port ?? 443, ...parametersOf(context, request) })
        opened.socket.destroy()
        return opened.observation
      }
      if (address !== undefined && isIP(host) === 0 && address === (await firstAddress(context, host))) {
        const same = await context.observe(tlsHandshake({ host }))
        if (!same.ok) throw new ProbeError(same.failure)
        return same.value
      }
      const holder = kept(context, host, to)
      const opened = await openTls(context, { address: to, port: 443, ...parametersOf(context, request) })
      // The slot limits how many handshakes go on at once; a connection that waits for requests must not hold it.
      opened.tcp.release()
      holder.opened = opened
      return opened.observation
    },
  }
}

/**
 * A TLS connection for HTTPS requests: the one of {@link tlsHandshake} for this host and address, once; afterwards (or when the peer has
 * closed it meanwhile) a new one. Must be called from a probe whose `host` is this host: connections belong to it and end with it.
 * `observation` is that of the host's ordinary look. The caller owns the socket.
 */
export async function takeTls(
  context: ProbeContext,
  host: string,
  address?: string,
): Promise<{ readonly socket: OpenedTls['socket']; readonly observation: TlsObservation; readonly fresh: boolean }> {
  const to = address ?? (await firstAddress(context, host))
  const seen = await context.observe(tlsHandshake(address === undefined ? { host } : { host, address }))
  if (!seen.ok) throw new ProbeError(seen.failure)
  const holder = kept(context, host, to)
  const { opened } = holder
  delete holder.opened
  if (opened !== undefined && !opened.socket.destroyed && opened.socket.readable) return { socket: opened.socket, observation: seen.value, fresh: false }
  const again = stillOpen(await openTls(context, { address: to, port: 443, ...parametersOf(context, { host }) }))
  again.tcp.release()
  return { socket: again.socket, observation: again.observation, fresh: true }
}

/** The ordinary look at every address of a host, in parallel; one dead address stays visible. Fails only where the name has no address. */
export function tlsEveryAddress(host: string): Probe<readonly { readonly address: string; readonly seen: Observed<TlsObservation> }[]> {
  return {
    kind: 'tlsEveryAddress',
    key: `tlsEveryAddress ${host}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    async run(context) {
      const resolved = await context.observe(resolveHost(host))
      if (!resolved.ok) throw new ProbeError(resolved.failure)
      const usable = usableAddresses(context.target, resolved.value)
      return await Promise.all(
        usable.map(async ({ address }, index) => ({
          address,
          seen: await context.observe(tlsHandshake(index === 0 && address === resolved.value.addresses[0]?.address ? { host } : { host, address })),
        })),
      )
    },
  }
}

/** Servers fetch their first staple when somebody asks for it (nginx); a later handshake gets it. */
const STAPLE_MS = 3_000

/** The host's ordinary look; where its certificate demands a staple and none came, a further handshake three seconds later. */
export function tlsStapled(host: string): Probe<TlsObservation> {
  return {
    kind: 'tlsStapled',
    key: `tlsStapled ${host}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    host,
    timeoutMs: 60_000,
    async run(context) {
      const seen = await context.observe(tlsHandshake({ host }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      if (seen.value.ocspStaple !== undefined || seen.value.chain[0]?.mustStaple !== true) return seen.value
      await sleep(STAPLE_MS, undefined, { signal: context.signal }).catch((error: unknown) => {
        throw new ProbeError({ code: 'TIMEOUT', message: 'the run ended before the further handshake', phase: 'deadline' }, { cause: error })
      })
      const again = await context.observe(tlsHandshake({ host, minVersion: 'TLSv1.2' }))
      return again.ok ? again.value : seen.value
    },
  }
}

/** Is a port open, refused or filtered, and what does whoever listens say? A full TCP connect to one address, one deadline. */
import { connect } from 'node:net'
import type { ResolvedHost, TcpObservation } from '../observations.ts'
import { type Probe, ProbeError } from '../probe.ts'
import { realPort } from '../target.ts'
import { resolveHost } from './resolve.ts'

export interface TcpRequest {
  /** Name or address. */
  readonly host: string
  /** @default the host's first address */
  readonly address?: string
  /** Logical port. */
  readonly port: number
  /** Said after connecting, to make a silent protocol answer. */
  readonly send?: Uint8Array
  /** How long to listen for a greeting or answer. @default 0 without `send`, else 1000 */
  readonly readMs?: number
  /** After this long without an answer to the SYN the port counts as filtered. @default 3000 */
  readonly connectMs?: number
}

const MOST_BANNER = 4_096

/**
 * @throws ProbeError `UNMAPPED` when the target maps ports and this one has no entry; resolution failures. Refusal and silence are observations.
 */
export function tcpConnect(request: TcpRequest): Probe<TcpObservation> {
  const send = request.send === undefined ? '' : ` ${Buffer.from(request.send).toString('base64url').slice(0, 64)}`
  return {
    kind: 'tcpConnect',
    key: `tcpConnect ${request.host} ${request.address ?? ''} ${request.port}${send} ${request.readMs ?? ''}`,
    impact: 'read',
    cost: { connections: 1, requests: request.send === undefined ? 0 : 1 },
    host: request.host,
    run: async (context) => {
      const port = realPort(context.target, request.port)
      if (port === undefined) throw new ProbeError({ code: 'UNMAPPED', message: `port ${request.port} is not in network.ports`, phase: 'connect' })
      let { address } = request
      if (address === undefined) {
        const resolved = await context.observe<ResolvedHost>(resolveHost(request.host))
        if (!resolved.ok) throw new ProbeError(resolved.failure)
        address = resolved.value.addresses[0]?.address ?? ''
      }
      const peer = address
      const slot = await context.connection(peer)
      const at = new Date().toISOString()
      try {
        return await new Promise<TcpObservation>((resolve, reject) => {
          const socket = connect({ host: peer, port, autoSelectFamily: false })
          const chunks: Buffer[] = []
          let size = 0
          let connected = false
          const banner = (): { banner?: Uint8Array } => (size === 0 ? {} : { banner: Buffer.concat(chunks).subarray(0, MOST_BANNER) })
          const end = (state: TcpObservation['state']): void => {
            clearTimeout(timer)
            context.signal.removeEventListener('abort', abort)
            socket.destroy()
            context.log(`${peer}:${port} (logical ${request.port}): ${state}${size === 0 ? '' : `, said ${size} bytes`}`)
            resolve({ address: peer, port: request.port, state, ...banner(), at })
          }
          const abort = (): void => {
            clearTimeout(timer)
            socket.destroy()
            reject(context.signal.reason as Error)
          }
          let timer = setTimeout(() => end('filtered'), request.connectMs ?? 3_000)
          context.signal.addEventListener('abort', abort, { once: true })
          socket.on('connect', () => {
            connected = true
            clearTimeout(timer)
            const listen = request.readMs ?? (request.send === undefined ? 0 : 1_000)
            if (request.send !== undefined) socket.write(request.send)
            if (listen === 0) end('open')
            else timer = setTimeout(() => end('open'), listen)
          })
          socket.on('data', (chunk: Buffer) => {
            chunks.push(chunk)
            size += chunk.length
            // One answer is enough to know who speaks; a short pause lets the rest of it arrive.
            clearTimeout(timer)
            if (size >= MOST_BANNER) end('open')
            else timer = setTimeout(() => end('open'), 50)
          })
          socket.on('error', (error: NodeJS.ErrnoException) => {
            if (connected) end('open')
            else if (error.code === 'ECONNREFUSED') end('refused')
            // The handshake was complete before the reset came (a reset of the SYN is ECONNREFUSED): somebody listens there.
            else if (error.code === 'ECONNRESET') end('open')
            else if (error.code === 'ETIMEDOUT') end('filtered')
            else end('unreachable')
          })
          socket.on('close', () => {
            if (connected) end('open')
          })
        })
      } finally {
        slot.release()
      }
    },
  }
}

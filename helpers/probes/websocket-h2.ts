/** WebSockets over HTTP/2 (RFC 8441): browsers use them wherever the setting is advertised, so an advertisement without service breaks only browsers. */
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { isIP } from 'node:net'
import type { RawHeaders, WebSocketOverHttp2Observation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs } from '../target.ts'
import { connectionFailure, openTls, connecting } from './connection.ts'
import { firstAddress } from './tls.ts'
import { shownPath } from './websocket.ts'

export interface WebSocketOverHttp2Request {
  /** Fully qualified name, or an address. */
  readonly host: string
  readonly path: string
  readonly origin?: string
}

/** First SETTINGS frame of the peer. */
const settingsOf = (session: ClientHttp2Session, limitMs: number): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ProbeError({ code: 'TIMEOUT', message: 'no SETTINGS frame came', phase: 'deadline' })), limitMs)
    const failed = (error?: unknown): void => {
      clearTimeout(timer)
      reject(error instanceof Error ? error : Object.assign(new Error('closed before its SETTINGS frame'), { code: 'EOF' }))
    }
    session.once('error', failed)
    session.once('close', failed)
    session.once('remoteSettings', (settings) => {
      clearTimeout(timer)
      session.removeListener('error', failed)
      session.removeListener('close', failed)
      session.on('error', () => {})
      resolve(settings.enableConnectProtocol === true)
    })
  })

interface Answered {
  readonly status?: number
  readonly headers: RawHeaders
  readonly ended?: string
}

/** The extended CONNECT of RFC 8441 §5, closed as soon as its answer's head is there; as patient as the upgrade over HTTP/1.1. */
const extendedConnect = (session: ClientHttp2Session, authority: string, request: WebSocketOverHttp2Request, limitMs: number): Promise<Answered> =>
  new Promise((resolve) => {
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'https',
        ':path': request.path,
        ':authority': authority,
        'sec-websocket-version': '13',
        'user-agent': 'postproof',
        ...(request.origin === undefined ? {} : { origin: request.origin }),
      },
      { endStream: false },
    )
    const done = (answer: Answered): void => {
      clearTimeout(timer)
      stream.close()
      resolve(answer)
    }
    const timer = setTimeout(() => done({ headers: [], ended: 'TIMEOUT' }), limitMs)
    let problem: string | undefined
    stream.on('error', (error: NodeJS.ErrnoException) => {
      problem = error.code ?? 'UNKNOWN'
    })
    stream.on('response', (headers) =>
      done({
        status: Number(headers[':status']),
        headers: Object.entries(headers).flatMap(([name, value]) =>
          name.startsWith(':') ? [] : [value ?? []].flat().map((one): readonly [string, string] => [name, one]),
        ),
      }),
    )
    stream.on('close', () => done({ headers: [], ended: problem ?? `RST_STREAM ${stream.rstCode}` }))
  })

async function perform(context: ProbeContext, request: WebSocketOverHttp2Request): Promise<WebSocketOverHttp2Observation> {
  const { host, path } = request
  const address = await firstAddress(context, host)
  const authority = isIP(host) === 6 ? `[${host}]` : host
  const base = { url: `https://${authority}${shownPath(path)}`, headers: [], at: new Date().toISOString() }
  const limitMs = probeMs(context.target)
  const { socket, tcp } = await connecting(context, 'probe', (near) => openTls(near, { address, servername: host }))
  tcp.release()
  try {
    if (socket.alpnProtocol !== 'h2') return { ...base, peer: tcp.peer, h2: false, advertised: false }
    const session = connectHttp2(`https://${authority}`, { createConnection: () => socket, settings: { enablePush: false } })
    try {
      const advertised = await settingsOf(session, Math.min(5_000, limitMs))
      context.log(`SETTINGS_ENABLE_CONNECT_PROTOCOL of ${tcp.peer}: ${advertised ? 1 : 'absent or 0'}`)
      if (!advertised) return { ...base, peer: tcp.peer, h2: true, advertised }
      return { ...base, peer: tcp.peer, h2: true, advertised, ...(await extendedConnect(session, authority, request, limitMs)) }
    } finally {
      session.destroy()
    }
  } catch (error) {
    if (error instanceof ProbeError) throw error
    throw new ProbeError(connectionFailure(error, 'response'), { cause: error })
  } finally {
    socket.destroy()
    tcp.socket.destroy()
  }
}

/**
 * Asks over a connection of its own whether extended CONNECT is advertised, and where it is, tries it once. A refusal is an observation.
 * @throws ProbeError of connecting and of the TLS handshake; `TIMEOUT` or `EOF` where no SETTINGS frame came
 */
export function websocketOverHttp2(request: WebSocketOverHttp2Request): Probe<WebSocketOverHttp2Observation> {
  return {
    kind: 'websocketOverHttp2',
    key: `websocketOverHttp2 https://${request.host}${request.path.split('?', 1)[0]}${request.origin === undefined ? '' : ` origin=${request.origin}`}`,
    impact: 'read',
    cost: { connections: 1, requests: 1, sockets: 1 },
    host: request.host,
    timeoutMs: 30_000,
    run: (context) => perform(context, request),
  }
}

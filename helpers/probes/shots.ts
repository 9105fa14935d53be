/** Requests of one kind over several kept-alive connections by autocannon, each asking as soon as it has its answer. Facts only. */
import type { Client } from 'autocannon'
import { isIP } from 'node:net'
import type { RawHeaders } from '../observations.ts'
import { type ProbeContext, ProbeError } from '../probe.ts'
import { probeMs, realPort } from '../target.ts'

export interface Shot {
  readonly status: number
  readonly headers: RawHeaders
  /** Beginning of the answer's body, where it fits into one piece. */
  readonly body: string
  readonly ms: number
}

interface Volley {
  readonly scheme: 'https' | 'http'
  readonly host: string
  readonly address: string
  /** Logical. */
  readonly port?: number
  readonly path: string
  /** @default GET */
  readonly method?: string
  readonly headers?: RawHeaders
  readonly body?: string
  /** In all. */
  readonly requests: number
  readonly connections: number
  /** It ends then, whatever is left. */
  readonly mostMs: number
  /** Each answer. True ends it. */
  answered(shot: Shot): boolean
  /** Each request without one. True ends it. */
  failed(code: string): boolean
}

export interface Fired {
  /** Answers and failures. */
  readonly sent: number
  readonly durationMs: number
  /** Requests whose connection was ended without a word. */
  readonly lost: number
}

/** How often autocannon looks whether all its connections are done, milliseconds. */
const LOOK_MS = 20
const MOST_BODY = 2_048

/** Behind an answer that says that its connection ends (RFC 9112 §9.6), the next request goes out on another one: autocannon would lose it. */
function leaveEnded(client: Client, headers: () => RawHeaders): void {
  const next = client._doRequest.bind(client)
  client._doRequest = () => {
    const ends = headers().some(([name, value]) => name === 'connection' && /\bclose\b/i.test(value))
    if (!ends || (client.responseMax !== undefined && client.reqsMade >= client.responseMax)) return next()
    client._doRequest = next
    client._resetConnection()
    leaveEnded(client, headers)
  }
}

/** Costs the target `requests` requests over `connections` connections, and one more for each that it ends. */
export async function shoot(context: ProbeContext, volley: Volley): Promise<Fired> {
  const { scheme, address, requests } = volley
  const secure = scheme === 'https'
  const standard = secure ? 443 : 80
  const logical = volley.port ?? standard
  const port = realPort(context.target, logical)
  if (port === undefined) throw new ProbeError({ code: 'UNMAPPED', message: `port ${logical}`, phase: 'connect' })
  const { default: autocannon } = await import('autocannon')
  const clients: Client[] = []
  const heard = new WeakMap<Client, { headers: RawHeaders; body: string }>()
  let asking = 0
  let sent = 0
  let over = false
  const start = performance.now()
  const end = (): void => {
    over = true
    for (const client of clients) client.destroy()
  }
  const timer = setTimeout(end, volley.mostMs)
  context.signal.addEventListener('abort', end, { once: true })
  try {
    await new Promise<void>((resolve, reject) => {
      const shots = autocannon(
        {
          url: `${scheme}://${isIP(address) === 6 ? `[${address}]` : address}:${port}${volley.path}`,
          connections: Math.min(volley.connections, requests),
          amount: requests,
          timeout: probeMs(context.target) / 1000,
          method: volley.method ?? 'GET',
          headers: { host: logical === standard ? volley.host : `${volley.host}:${logical}`, ...Object.fromEntries(volley.headers ?? []) },
          ...(volley.body === undefined ? {} : { body: volley.body }),
          ...(secure ? { servername: volley.host, tlsOptions: { ALPNProtocols: ['http/1.1'] } } : {}),
          sampleInt: LOOK_MS,
          setupClient: (client) => {
            clients.push(client)
            leaveEnded(client, () => heard.get(client)?.headers ?? [])
            client.on('request', () => (asking += 1))
            client.on('headers', ({ headers }: { readonly headers: readonly string[] }) => {
              const pairs = headers.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), headers[index + 1] ?? ''] as const] : []))
              heard.set(client, { headers: pairs, body: '' })
            })
            client.on('body', (chunk: Buffer) => {
              const one = heard.get(client)
              if (one !== undefined && one.body.length < MOST_BODY) one.body += chunk.toString('utf8').slice(-MOST_BODY)
            })
          },
        },
        (error) => (error === null ? resolve() : reject(error)),
      )
      shots.on('response', (client: Client, status: number, _bytes: number, ms: number) => {
        if (over) return
        sent += 1
        if (volley.answered({ status, headers: heard.get(client)?.headers ?? [], body: heard.get(client)?.body ?? '', ms })) end()
      })
      shots.on('reqError', (error: NodeJS.ErrnoException) => {
        if (over) return
        sent += 1
        if (volley.failed(error.code ?? 'TIMEOUT')) end()
      })
    })
  } finally {
    clearTimeout(timer)
    context.signal.removeEventListener('abort', end)
  }
  const durationMs = performance.now() - start
  // A connection that the server ends takes its request along without a word; what we ended ourselves is nobody's failure.
  const lost = over ? 0 : Math.max(0, asking - sent)
  return { sent: sent + lost, durationMs, lost }
}

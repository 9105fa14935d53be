/** Whether a client may ask for a second handshake on a connection of TLS 1.2, and which certificate it got in the first. Facts only. */
import { DEFAULT_CIPHERS } from 'node:tls'
import type { CertificateFacts, TlsObservation } from '../observations.ts'
import { type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { isFullDepth } from '../target.ts'
import { openTls } from './connection.ts'
import { type Asked, at, certificatesOf, keyOf, tls12Look } from './tls-plan.ts'

export interface Renegotiation {
  readonly peer: string
  /** Second handshakes that were completed on one connection. */
  readonly completed: number
  readonly asked: number
  /** How the series ended. `alert`: refused; `closed` and `silence`: no statement (rules G1). */
  readonly end: 'done' | 'alert' | 'closed' | 'silence'
  readonly how: string
  readonly at: string
}
export interface RenegotiationLook {
  /** The handshake of the first connection: TLS 1.2 at most, suites for the other kind of key than TLS 1.2 showed first. */
  readonly handshake: TlsObservation
  /** One connection; a second where a single handshake more was completed on the first, and in full depth where any was. */
  readonly tries: readonly Renegotiation[]
}

const RENEGOTIATION_WAIT_MS = 4_000
/** What happens twice is no chance. */
const FEW_RENEGOTIATIONS = 2
export const MOST_RENEGOTIATIONS = 11

/**
 * A client that asks for a second handshake on a TLS 1.2 connection.
 * @throws ProbeError `NO_TLS12` where TLS 1.2 itself is refused: TLS 1.3 has no second handshake; as openTls
 */
export function clientRenegotiation(asked: Asked): Probe<RenegotiationLook> {
  return {
    kind: 'clientRenegotiation',
    key: `clientRenegotiation ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context): Promise<RenegotiationLook> {
      const tls12 = await context.observe(tls12Look(at(asked)))
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const { best } = tls12.value
      if (best.flight.hello === undefined)
        throw new ProbeError({
          code: 'NO_TLS12',
          message: `TLS 1.2 was answered with ${best.answer === 'alert' ? `alert ${best.flight.alert?.description ?? ''}` : best.answer}`,
          phase: 'tls',
        })
      const to = { host: asked.host, address: best.address, other: kindOf(certificatesOf(best).read[0]) === 'rsa' ? ('ecdsa' as const) : ('rsa' as const) }
      const full = isFullDepth(context.target)
      const most = full ? MOST_RENEGOTIATIONS : FEW_RENEGOTIATIONS
      const { handshake, result: first } = await renegotiate(context, to, most)
      const enough = first.completed === 0 || (!full && first.completed === most)
      return { handshake, tries: enough ? [first] : [first, (await renegotiate(context, to, most)).result] }
    },
  }
}
/** Kind of key that suites of TLS 1.2 tell apart. */
export const kindOf = (leaf: CertificateFacts | undefined): 'rsa' | 'ecdsa' => (leaf?.key.type === 'rsa' ? 'rsa' : 'ecdsa')

/** For this kind of key before all others, so that a server with two certificates that heeds the order shows that one. */
const suitesFor = (kind: 'rsa' | 'ecdsa'): string =>
  [...['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((name) => `ECDHE-${kind.toUpperCase()}-${name}`), ...DEFAULT_CIPHERS.split(':')].join(
    ':',
  )

interface Destination {
  readonly host: string
  readonly address: string
  /** Kind of key of a second certificate, if there is one. */
  readonly other: 'rsa' | 'ecdsa'
}
async function renegotiate(
  context: ProbeContext,
  { host, address, other }: Destination,
  most: number,
): Promise<{ readonly handshake: TlsObservation; readonly result: Renegotiation }> {
  const when = new Date().toISOString()
  // Whatever the server picks below TLS 1.3; our own security level decides nothing about it.
  const opened = await openTls(context, { address, servername: host, maxVersion: 'TLSv1.2', alpn: ['http/1.1'], ciphers: suitesFor(other) })
  const { socket, tcp, observation: handshake } = opened
  let completed = 0
  const result = (end: Renegotiation['end'], how: string): { readonly handshake: TlsObservation; readonly result: Renegotiation } => ({
    handshake,
    result: { peer: tcp.peer, completed, asked: most, end, how, at: when },
  })
  try {
    while (completed < most) {
      const before = socket.getFinished()
      const outcome = await new Promise<{ readonly end: Renegotiation['end']; readonly how: string }>((resolve) => {
        const timer = setTimeout(() => settle('silence', `no answer within ${RENEGOTIATION_WAIT_MS / 1000} s`), RENEGOTIATION_WAIT_MS)
        const failed = (error: Error): void => {
          const code = (error as { code?: unknown }).code
          const alerted = /SSL alert number|NO_RENEGOTIATION|no renegotiation/i.test(`${error.message} ${String(code)}`)
          settle(alerted ? 'alert' : 'closed', alerted ? 'the server sent an alert instead' : error.message.slice(0, 200))
        }
        const closed = (): void => settle('closed', 'the server closed the connection')
        const settle = (end: Renegotiation['end'], how: string): void => {
          clearTimeout(timer)
          socket.removeListener('error', failed)
          socket.removeListener('close', closed)
          socket.removeListener('end', closed)
          resolve({ end, how })
        }
        socket.on('error', failed)
        socket.once('close', closed)
        socket.once('end', closed)
        socket.resume()
        // What is asked to verify is not asked of a handshake whose certificate nobody judges here.
        const started = socket.renegotiate({ rejectUnauthorized: false, requestCert: false }, (error) => {
          if (error instanceof Error) failed(error)
          else settle('done', 'completed')
        })
        if (started === false) settle('closed', 'the connection was closed before')
      })
      if (outcome.end !== 'done') return result(outcome.end, completed === 0 ? outcome.how : `${outcome.how}, after ${completed}`)
      const after = socket.getFinished()
      // The proof of a handshake is its Finished message; a callback alone is none.
      if (after === undefined || before === undefined || Buffer.compare(after, before) === 0) return result('silence', 'no second Finished message was seen')
      completed += 1
    }
    return result('done', `${completed} completed`)
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}

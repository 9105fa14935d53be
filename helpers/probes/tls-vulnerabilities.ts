/**
 * Four defects of TLS implementations that were once everywhere, each asked as harmlessly as it can be: what comes back is counted or named, never
 * kept and never shown. Only with `--depth full`. A suspicion is asked again, so that a check can tell a steady answer from a flapping one.
 */
import { constants, type KeyObject, publicEncrypt, randomBytes, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { suiteById, suiteNamed } from '../grammar/tls-names.ts'
import type { TlsHelloObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import { openTls } from './connection.ts'
import { sayHello, type TlsHelloRequest } from './tls-hello.ts'
import { type Asked, at, CLASSICAL_GROUPS, keyOf, type SuiteLook, tls12Look, weakSuites } from './tls-plan.ts'

const SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0807, 0x0203, 0x0201] as const
/** What servers of 2014 spoke, and those of today. */
const SUITES = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035, 0x000a] as const
const TIMES = 3
const CHANGE_CIPHER_SPEC = 20
const ALERT = 21
const HANDSHAKE = 22
const HEARTBEAT = 24
/** How long a server may take to say something it was not asked for. */
const LISTEN_MS = 2_000
const QUIET_MS = 250

const look = <T>(kind: string, asked: Asked, connections: number, run: (context: ProbeContext) => Promise<T>): Probe<T> => ({
  kind,
  key: `${kind} ${keyOf(asked)}`,
  impact: 'read',
  cost: { connections, requests: 0 },
  host: asked.host,
  timeoutMs: 240_000,
  run,
})

/** What a server did after something was sent to it. */
export interface Reaction {
  /** Descriptions of alerts in plain text, in order. */
  readonly alerts: readonly number[]
  /** Bytes in records of heartbeats. The bytes themselves are gone. */
  readonly heartbeatBytes: number
  readonly end: 'open' | 'fin' | 'reset'
}

/** Listens for so long, or until the peer ends, alerts or answers a heartbeat. Nothing that comes is kept. */
function listen(socket: Socket, ms: number): Promise<Reaction> {
  return new Promise((resolve) => {
    const alerts: number[] = []
    let heartbeatBytes = 0
    let header = Buffer.alloc(0)
    let left = 0
    let type = 0
    let alert: number[] = []
    const timer = setTimeout(() => finish('open'), ms)
    const finish = (end: Reaction['end']): void => {
      clearTimeout(timer)
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      socket.removeListener('close', onEnd)
      socket.removeListener('error', onError)
      socket.pause()
      resolve({ alerts, heartbeatBytes, end })
    }
    const onData = (chunk: Buffer): void => {
      let rest = chunk
      while (rest.length > 0) {
        if (left === 0) {
          const more = rest.subarray(0, 5 - header.length)
          header = Buffer.concat([header, more])
          rest = rest.subarray(more.length)
          if (header.length < 5) return
          type = header[0] as number
          left = header.readUInt16BE(3)
          header = Buffer.alloc(0)
          alert = []
        }
        const body = rest.subarray(0, left)
        rest = rest.subarray(body.length)
        left -= body.length
        if (type === HEARTBEAT) heartbeatBytes += body.length
        if (type === ALERT && alert.length < 2) {
          alert.push(...body.subarray(0, 2 - alert.length))
          if (alert.length === 2 && left === 0) alerts.push(alert[1] as number)
        }
      }
      if (alerts.length > 0 || heartbeatBytes > 0) finish('open')
    }
    const onEnd = (): void => finish('fin')
    const onError = (): void => finish('reset')
    if (socket.destroyed || socket.readableEnded) {
      finish('fin')
      return
    }
    socket.on('data', onData)
    socket.once('end', onEnd)
    socket.once('close', onEnd)
    socket.once('error', onError)
    socket.resume()
  })
}

const record = (type: number, version: number, body: Uint8Array): Buffer => {
  const head = Buffer.from([type, version >> 8, version & 0xff, 0, 0])
  head.writeUInt16BE(body.length, 3)
  return Buffer.concat([head, body])
}
/** As if the key exchange were over. */
export const changeCipherSpec = (version = 0x0303): Buffer => record(CHANGE_CIPHER_SPEC, version, Buffer.from([1]))
const CLAIMED = 16_384
/** A heartbeat that says it brings 16,384 bytes and brings none (RFC 6520 §4: to be discarded silently). */
export const emptyHeartbeat = (version = 0x0303): Buffer => record(HEARTBEAT, version, Buffer.from([1, CLAIMED >> 8, CLAIMED & 0xff]))
const honestHeartbeat = (version: number): Buffer => record(HEARTBEAT, version, Buffer.concat([Buffer.from([1, 0, 16]), Buffer.alloc(32, 0x70)]))

const oldHello = (asked: Asked, ask: string, more: Partial<Exclude<TlsHelloRequest['hello'], 'ssl2'>> = {}): TlsHelloRequest => ({
  ...at(asked),
  ask,
  hello: {
    version: 0x0303,
    suites: SUITES,
    groups: CLASSICAL_GROUPS,
    signatureAlgorithms: SIGNATURES,
    extendedMasterSecret: true,
    renegotiationInfo: true,
    ...more,
  },
})
export const heartbeatHello = (asked: Asked): TlsHelloRequest => oldHello(asked, 'heartbeat', { heartbeat: true })
export const plainHello = (asked: Asked): TlsHelloRequest => oldHello(asked, 'TLS 1.2, to be interrupted')

/** Says a hello, lets `talk` go on with the open connection, and ends it. */
async function converse<T>(context: ProbeContext, request: TlsHelloRequest, talk: (socket: Socket, seen: TlsHelloObservation) => Promise<T>): Promise<T> {
  const { tcp, observation } = await sayHello(context, request)
  try {
    return await talk(tcp.socket, observation)
  } finally {
    tcp.socket.destroy()
  }
}

/** Asks once, and twice more where the answer is suspicious. */
async function repeated<T>(ask: () => Promise<T>, suspicious: (one: T) => boolean): Promise<readonly T[]> {
  const first = await ask()
  if (!suspicious(first)) return [first]
  const tries = [first]
  while (tries.length < TIMES) tries.push(await ask())
  return tries
}

export interface HeartbleedTry {
  readonly hello: TlsHelloObservation
  /** The server agreed to heartbeats. */
  readonly offered: boolean
  /** After a heartbeat that claims more than it brings. */
  readonly empty?: Reaction
  /** After an honest one on the same connection: it shows that the server answers heartbeats at this point. */
  readonly honest?: Reaction
}

/** CVE-2014-0160: does a heartbeat bring back more than was sent? Sixteen kilobytes at most, counted and discarded. @throws ProbeError as tlsHello */
export function heartbleed(asked: Asked): Probe<readonly HeartbleedTry[]> {
  return look('heartbleed', asked, 1, (context) =>
    repeated(
      () =>
        converse(context, heartbeatHello(asked), async (socket, hello): Promise<HeartbleedTry> => {
          const chosen = hello.flight.hello
          const offered = chosen?.extensions.some(({ type }) => type === 15) === true
          if (chosen === undefined || !offered) return { hello, offered }
          socket.write(emptyHeartbeat(chosen.version))
          const empty = await listen(socket, LISTEN_MS)
          if (empty.heartbeatBytes > 0 || empty.end !== 'open' || empty.alerts.length > 0) return { hello, offered, empty }
          socket.write(honestHeartbeat(chosen.version))
          return { hello, offered, empty, honest: await listen(socket, LISTEN_MS) }
        }),
      ({ empty }) => (empty?.heartbeatBytes ?? 0) > 0,
    ),
  )
}

export interface CcsTry {
  readonly hello: TlsHelloObservation
  /** Nothing was sent, and the connection stayed as it was: what happens afterwards is about what was sent. */
  readonly before?: Reaction
  /** After ChangeCipherSpec in the middle of the handshake, and after a second one where nothing was said to the first. */
  readonly first?: Reaction
  readonly second?: Reaction
}
/** What a server says that took the first ChangeCipherSpec seriously and tries to decrypt the second: bad_record_mac, decryption_failed. */
const DECRYPTING: ReadonlySet<number> = new Set([20, 21])
export const tookCcs = ({ first, second }: CcsTry): boolean => first?.alerts.length === 0 && second?.alerts.some((one) => DECRYPTING.has(one)) === true

/** CVE-2014-0224: is ChangeCipherSpec accepted before there is a key? @throws ProbeError as tlsHello */
export function ccsInjection(asked: Asked): Probe<readonly CcsTry[]> {
  return look('ccsInjection', asked, 1, (context) =>
    repeated(
      () =>
        converse(context, plainHello(asked), async (socket, hello): Promise<CcsTry> => {
          const chosen = hello.flight.hello
          if (chosen === undefined || chosen.version > 0x0303) return { hello }
          const before = await listen(socket, QUIET_MS)
          if (before.end !== 'open' || before.alerts.length > 0) return { hello, before }
          socket.write(changeCipherSpec(chosen.version))
          const first = await listen(socket, LISTEN_MS)
          if (first.end !== 'open' || first.alerts.length > 0) return { hello, before, first }
          socket.write(changeCipherSpec(chosen.version))
          return { hello, before, first, second: await listen(socket, LISTEN_MS) }
        }),
      tookCcs,
    ),
  )
}

export interface TicketbleedTry {
  readonly sent: number
  /** Length of the session id that came back; undefined: no ServerHello. */
  readonly received?: number
  /** It begins with ours. */
  readonly ours: boolean
}
export interface TicketbleedLook {
  readonly peer: string
  readonly protocol: string
  /** A ticket was given. */
  readonly ticket: boolean
  readonly tries: readonly TicketbleedTry[]
  readonly at: string
}
const SESSION_ID_BYTES = 8

/** CVE-2016-9244: does a resumed session bring back more of the session id than was sent? @throws ProbeError as openTls, `NO_TLS12` */
export function ticketbleed(asked: Asked): Probe<TicketbleedLook> {
  return look('ticketbleed', asked, 4, async (context) => {
    const tls12 = await context.observe(tls12Look(at(asked)))
    if (!tls12.ok) throw new ProbeError(tls12.failure)
    const { best } = tls12.value
    if (best.flight.hello === undefined)
      throw new ProbeError({ code: 'NO_TLS12', message: `TLS 1.2 was answered with alert ${best.flight.alert?.description ?? 'none'}`, phase: 'tls' })
    const when = new Date().toISOString()
    const { socket, observation } = await openTls(context, { address: best.address, servername: asked.host, maxVersion: 'TLSv1.2', alpn: ['http/1.1'] })
    const ticket = socket.getTLSTicket()
    socket.destroy()
    const { peer, protocol, cipher } = observation
    const suite = suiteNamed(cipher)
    if (ticket === undefined || suite === undefined) return { peer, protocol, ticket: ticket !== undefined, tries: [], at: when }
    const tries: TicketbleedTry[] = []
    while (tries.length < TIMES) {
      const sessionId = randomBytes(SESSION_ID_BYTES)
      const request = oldHello(asked, 'a ticket and a short session id', { suites: [suite.id], sessionTicket: ticket, sessionId, alpn: ['http/1.1'] })
      const id = await converse(context, request, (_socket, { flight }) => Promise.resolve(flight.hello?.sessionId))
      const ours = id !== undefined && Buffer.from(id.subarray(0, sessionId.length)).equals(sessionId)
      tries.push({ sent: sessionId.length, ...(id === undefined ? {} : { received: id.length }), ours })
      // Resumed, and what came back is what was sent: told at the first try.
      if (ours && id.length === sessionId.length) break
    }
    return { peer, protocol, ticket: true, tries, at: when }
  })
}

/** Ways to fill the block that is encrypted (RFC 8017 §7.2.1), by what is wrong with it. */
export const PADDINGS = ['right', 'wrong first bytes', 'zero in the wrong place', 'no zero', 'wrong version'] as const
export type Padding = (typeof PADDINGS)[number]
export interface RobotRound {
  readonly flow: 'whole' | 'short'
  readonly reactions: Readonly<Record<Padding, Reaction>>
}
export interface RobotLook {
  readonly weak: SuiteLook
  /** The suite with RSA key exchange that is accepted. */
  readonly suite?: number
  readonly rounds: readonly RobotRound[]
  readonly peer?: string
  readonly at: string
}

/** Blocks of `size` bytes. Bytes of padding are never zero. */
function paddedBlock(padding: Padding, size: number, version: number): Buffer {
  const filling = (length: number): Buffer => Buffer.alloc(length, 0xab)
  const secret = Buffer.concat([Buffer.from([version >> 8, version & 0xff]), filling(46)])
  const before = filling(size - 3 - secret.length)
  switch (padding) {
    case 'right':
      return Buffer.concat([Buffer.from([0, 2]), before, Buffer.from([0]), secret])
    case 'wrong first bytes':
      return Buffer.concat([Buffer.from([0x41, 0x17]), before, Buffer.from([0]), secret])
    case 'zero in the wrong place':
      return Buffer.concat([Buffer.from([0, 2]), filling(size - 4), Buffer.from([0, 0x11])])
    case 'no zero':
      return Buffer.concat([Buffer.from([0, 2]), filling(size - 2)])
    case 'wrong version':
      return Buffer.concat([Buffer.from([0, 2]), before, Buffer.from([0, 2, 2]), filling(46)])
    default: {
      const never: never = padding
      return never
    }
  }
}

function rsaKeyOf(seen: TlsHelloObservation): KeyObject {
  const [leaf] = seen.flight.certificates
  try {
    const key = leaf === undefined ? undefined : new X509Certificate(leaf).publicKey
    if (key?.asymmetricKeyType === 'rsa') return key
  } catch {
    // Said below.
  }
  throw new ProbeError({ code: 'NO_RSA_KEY', message: 'no certificate with an RSA key was served', phase: 'tls' })
}

const text = ({ alerts, end }: Reaction): string => `${alerts.join(',')} ${end}`
export const reactionsAgree = (round: RobotRound, say: (reaction: Reaction) => string = text): boolean =>
  new Set(PADDINGS.map((padding) => say(round.reactions[padding]))).size === 1

/**
 * CVE-2017-13099 and its kin (ROBOT): can the padding of an RSA key exchange be told from the answer? Asked only where such a key exchange is accepted.
 * Nothing is decrypted; the answers to five paddings are compared.
 * @throws ProbeError of {@link weakSuites}; `NO_RSA_KEY`; as tlsHello
 */
export function robot(asked: Asked): Probe<RobotLook> {
  return look('robot', asked, 10, async (context) => {
    const when = new Date().toISOString()
    const seen: Observed<SuiteLook> = await context.observe(weakSuites(at(asked)))
    if (!seen.ok) throw new ProbeError(seen.failure)
    const weak = seen.value
    const suite = weak.accepted.map((one) => one.suite).find((id) => usesRsaKeyExchange(id))
    if (suite === undefined) return { weak, rounds: [], at: when }
    let peer: string | undefined
    const ask = (padding: Padding, flow: RobotRound['flow']): Promise<Reaction> =>
      converse(context, oldHello(asked, 'RSA key exchange', { suites: [suite] }), async (socket, hello) => {
        peer = hello.peer
        const key = rsaKeyOf(hello)
        const version = hello.flight.hello?.version ?? 0x0303
        const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
        const encrypted = publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, paddedBlock(padding, size, 0x0303))
        const exchange = Buffer.concat([Buffer.from([16, 0, 0, 0, 0, 0]), encrypted])
        exchange.writeUIntBE(encrypted.length + 2, 1, 3)
        exchange.writeUInt16BE(encrypted.length, 4)
        const parts = [record(HANDSHAKE, version, exchange)]
        if (flow === 'whole') parts.push(changeCipherSpec(version), record(HANDSHAKE, version, Buffer.alloc(64, 0x70)))
        socket.write(Buffer.concat(parts))
        return await listen(socket, LISTEN_MS)
      })
    const round = async (flow: RobotRound['flow']): Promise<RobotRound> => {
      const reactions: Partial<Record<Padding, Reaction>> = {}
      for (const padding of PADDINGS) reactions[padding] = await ask(padding, flow)
      return { flow, reactions: reactions as Record<Padding, Reaction> }
    }
    const rounds: RobotRound[] = []
    for (const flow of ['whole', 'short'] as const) {
      const some = await repeated(
        () => round(flow),
        (one) => !reactionsAgree(one),
      )
      rounds.push(...some)
      if (some.length > 1) break
    }
    return { weak, suite, rounds, ...(peer === undefined ? {} : { peer }), at: when }
  })
}
export function usesRsaKeyExchange(id: number): boolean {
  const suite = suiteById(id)
  return suite !== undefined && suite.keyExchange === 'RSA' && !suite.exported
}

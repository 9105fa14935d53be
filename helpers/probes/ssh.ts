/**
 * Which ways to log in an SSH server offers: the key exchange of RFC 4253 with curve25519 (RFC 8731) and AES-GCM (RFC 5647), then the method "none"
 * of RFC 4252 §5.2, whose only purpose is to ask for the list. No password, no key, no name of a person is sent; the host key is not verified, since
 * nothing secret follows.
 */
import { createCipheriv, createDecipheriv, createHash, createPublicKey, diffieHellman, generateKeyPairSync, randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type Probe, ProbeError } from '../probe.ts'
import { realPort } from '../target.ts'

export interface SshObservation {
  readonly address: string
  /** The server's identification line, without its end: `SSH-2.0-OpenSSH_9.2p1`. */
  readonly identification: string
  /** Methods that may continue, as the server lists them: `publickey`, `password`, `keyboard-interactive`. */
  readonly methods: readonly string[]
  /** It let the nameless visitor in with no credential at all. */
  readonly admitted: boolean
  readonly at: string
}

const CLIENT = 'SSH-2.0-postproof'
const LISTS = [
  'curve25519-sha256,curve25519-sha256@libssh.org',
  'ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,rsa-sha2-256,ssh-rsa',
  'aes256-gcm@openssh.com,aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com,aes128-gcm@openssh.com',
  'hmac-sha2-256',
  'hmac-sha2-256',
  'none',
  'none',
  '',
  '',
]
const MOST_PACKET = 40_000

const uint32 = (value: number): Buffer => {
  const four = Buffer.alloc(4)
  four.writeUInt32BE(value)
  return four
}
const string = (value: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([uint32(bytes.length), bytes])
}
/** RFC 4251 §5: no leading zeros but the one that keeps the number positive. */
const mpint = (value: Buffer): Buffer => {
  let start = 0
  while (start < value.length - 1 && value[start] === 0) start += 1
  const bare = value.subarray(start)
  return string(((bare[0] ?? 0) & 0x80) === 0 ? bare : Buffer.concat([Buffer.from([0]), bare]))
}
const sha256 = (...parts: readonly Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()

class Reader {
  readonly #bytes: Buffer
  #at: number
  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }
  string(): Buffer {
    if (this.#at + 4 > this.#bytes.length) throw broken('a string is cut')
    const length = this.#bytes.readUInt32BE(this.#at)
    const end = this.#at + 4 + length
    if (end > this.#bytes.length) throw broken('a string is longer than its packet')
    const value = this.#bytes.subarray(this.#at + 4, end)
    this.#at = end
    return value
  }
}
const broken = (message: string): ProbeError => new ProbeError({ code: 'EPROTO', message: `the SSH server broke the protocol: ${message}`, phase: 'response' })

/** Bytes as they come, waited for. */
class Bytes {
  #buffer = Buffer.alloc(0)
  #ended: ProbeError | undefined
  #wake: (() => void) | undefined
  constructor(socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = Buffer.concat([this.#buffer, chunk])
      this.#wake?.()
    })
    const end = (code: string, message: string): void => {
      this.#ended ??= new ProbeError({ code, message, phase: 'response' })
      this.#wake?.()
    }
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? 'EPIPE', error.message))
    socket.on('close', () => end('EOF', 'the SSH server closed the connection'))
  }
  async #until(ready: () => boolean): Promise<void> {
    while (!ready()) {
      if (this.#ended !== undefined) throw this.#ended
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
  async take(length: number): Promise<Buffer> {
    await this.#until(() => this.#buffer.length >= length)
    const taken = this.#buffer.subarray(0, length)
    this.#buffer = this.#buffer.subarray(length)
    return taken
  }
  /** The identification line; a server may say up to 50 other lines before it (RFC 4253 §4.2). */
  async identification(): Promise<string> {
    for (let line = 0; line < 50; line += 1) {
      await this.#until(() => this.#buffer.includes(0x0a) || this.#buffer.length > 1_024)
      const end = this.#buffer.indexOf(0x0a)
      if (end < 0) throw broken('its first line does not end')
      const text = (await this.take(end + 1)).toString('latin1').replace(/\r?\n$/, '')
      if (text.startsWith('SSH-')) return text
    }
    throw broken('it does not introduce itself')
  }
}

interface Keys {
  readonly key: Buffer
  readonly iv: Buffer
  readonly cipher: 'aes-256-gcm' | 'aes-128-gcm'
}

/** One direction's nonce: the last eight bytes count packets (RFC 5647 §7.1). */
const step = (iv: Buffer): void => {
  iv.writeBigUInt64BE(BigInt.asUintN(64, iv.readBigUInt64BE(4) + 1n), 4)
}

class Packets {
  readonly #socket: Socket
  readonly #bytes: Bytes
  #out: Keys | undefined
  #in: Keys | undefined
  constructor(socket: Socket, bytes: Bytes) {
    this.#socket = socket
    this.#bytes = bytes
  }
  encrypt(out: Keys, incoming: Keys): void {
    this.#out = out
    this.#in = incoming
  }
  send(payload: Buffer): void {
    // Encrypted, the length stands outside of what is padded (RFC 5647 §7.2).
    const block = this.#out === undefined ? 8 : 16
    const outside = this.#out === undefined ? 5 : 1
    let padding = block - ((payload.length + outside) % block)
    if (padding < 4) padding += block
    const inner = Buffer.concat([Buffer.from([padding]), payload, randomBytes(padding)])
    const length = uint32(inner.length)
    if (this.#out === undefined) {
      this.#socket.write(Buffer.concat([length, inner]))
      return
    }
    const cipher = createCipheriv(this.#out.cipher, this.#out.key, this.#out.iv)
    cipher.setAAD(length)
    this.#socket.write(Buffer.concat([length, cipher.update(inner), cipher.final(), cipher.getAuthTag()]))
    step(this.#out.iv)
  }
  async #receive(): Promise<Buffer> {
    const length = await this.#bytes.take(4)
    const size = length.readUInt32BE(0)
    if (size < 2 || size > MOST_PACKET) throw broken(`a packet of ${size} bytes`)
    let inner = await this.#bytes.take(size)
    if (this.#in !== undefined) {
      const decipher = createDecipheriv(this.#in.cipher, this.#in.key, this.#in.iv)
      decipher.setAAD(length)
      decipher.setAuthTag(await this.#bytes.take(16))
      try {
        inner = Buffer.concat([decipher.update(inner), decipher.final()])
      } catch {
        throw broken('a packet does not decrypt')
      }
      step(this.#in.iv)
    }
    return inner.subarray(1, inner.length - (inner[0] ?? 0))
  }
  /** The next packet that is no remark (IGNORE, DEBUG, EXT_INFO, a banner). */
  async next(): Promise<Buffer> {
    for (let remark = 0; remark < 32; remark += 1) {
      const payload = await this.#receive()
      if (payload[0] === 1) throw new ProbeError({ code: 'DISCONNECTED', message: 'the SSH server ended the conversation', phase: 'response' })
      if (![2, 4, 7, 53].includes(payload[0] ?? -1)) return payload
    }
    throw broken('nothing but remarks')
  }
  async expect(type: number): Promise<Buffer> {
    const payload = await this.next()
    if (payload[0] !== type) throw broken(`message ${payload[0] ?? -1} where ${type} belongs`)
    return payload
  }
}

/** The first of ours that the server has too (RFC 4253 §7.1). */
const agreed = (ours: string, theirs: string): string | undefined => ours.split(',').find((one) => theirs.split(',').includes(one))

const X25519_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

async function converse(socket: Socket): Promise<Omit<SshObservation, 'address' | 'at'>> {
  const bytes = new Bytes(socket)
  socket.write(`${CLIENT}\r\n`)
  const identification = await bytes.identification()
  const packets = new Packets(socket, bytes)
  const mine = Buffer.concat([Buffer.from([20]), randomBytes(16), ...LISTS.map((list) => string(list)), Buffer.from([0]), uint32(0)])
  packets.send(mine)
  const theirs = await packets.expect(20)
  const lists = new Reader(theirs, 17)
  const offered = LISTS.map(() => lists.string().toString('latin1'))
  const out = agreed(LISTS[2] ?? '', offered[2] ?? '')
  const incoming = agreed(LISTS[3] ?? '', offered[3] ?? '')
  if (agreed(LISTS[0] ?? '', offered[0] ?? '') === undefined || out === undefined || incoming === undefined)
    throw new ProbeError({ code: 'NO_COMMON_ALGORITHM', message: 'the SSH server knows neither curve25519 with AES-GCM', phase: 'response' })
  const pair = generateKeyPairSync('x25519')
  const ours = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)
  packets.send(Buffer.concat([Buffer.from([30]), string(ours)]))
  const reply = new Reader(await packets.expect(31), 1)
  const hostKey = reply.string()
  const point = reply.string()
  if (point.length !== 32) throw broken('its public value has the wrong size')
  const publicKey = createPublicKey({ key: Buffer.concat([X25519_PREFIX, point]), format: 'der', type: 'spki' })
  const secret = mpint(diffieHellman({ privateKey: pair.privateKey, publicKey }))
  const exchange = sha256(string(CLIENT), string(identification), string(mine), string(theirs), string(hostKey), string(ours), string(point), secret)
  await packets.expect(21)
  packets.send(Buffer.from([21]))
  const derive = (letter: string, length: number): Buffer => sha256(secret, exchange, Buffer.from(letter), exchange).subarray(0, length)
  const keys = (name: string, iv: string, key: string): Keys => {
    const wide = name.startsWith('aes256')
    return { cipher: wide ? 'aes-256-gcm' : 'aes-128-gcm', iv: Buffer.from(derive(iv, 12)), key: derive(key, wide ? 32 : 16) }
  }
  packets.encrypt(keys(out, 'A', 'C'), keys(incoming, 'B', 'D'))
  packets.send(Buffer.concat([Buffer.from([5]), string('ssh-userauth')]))
  await packets.expect(6)
  packets.send(Buffer.concat([Buffer.from([50]), string('postproof'), string('ssh-connection'), string('none')]))
  const answer = await packets.next()
  if (answer[0] === 52) return { identification, methods: [], admitted: true }
  if (answer[0] !== 51) throw broken(`message ${answer[0] ?? -1} in answer to "none"`)
  const methods = new Reader(answer, 1)
    .string()
    .toString('latin1')
    .split(',')
    .filter((one) => one !== '')
  // A polite goodbye: SSH_DISCONNECT_BY_APPLICATION.
  packets.send(Buffer.concat([Buffer.from([1]), uint32(11), string(''), string('')]))
  return { identification, methods: methods.slice(0, 20).map((one) => one.slice(0, 64)), admitted: false }
}

/**
 * @param port logical
 * @throws ProbeError `UNMAPPED`, system codes of connecting, `NO_COMMON_ALGORITHM` for a server that knows neither curve25519 nor AES-GCM,
 * `EPROTO`, `EOF`, `DISCONNECTED`
 */
export function sshMethods(address: string, port = 22): Probe<SshObservation> {
  return {
    kind: 'sshMethods',
    key: `sshMethods ${address} ${port}`,
    impact: 'read',
    cost: { connections: 1, requests: 1 },
    host: address,
    run: async (context) => {
      const real = realPort(context.target, port)
      if (real === undefined) throw new ProbeError({ code: 'UNMAPPED', message: `port ${port} is not in network.ports`, phase: 'connect' })
      const slot = await context.connection(address)
      const at = new Date().toISOString()
      const socket = connect({ host: address, port: real, autoSelectFamily: false })
      const abort = (): void => void socket.destroy()
      context.signal.addEventListener('abort', abort, { once: true })
      try {
        const seen = await converse(socket)
        context.log(`${address}:${real}: ${seen.identification.slice(0, 80)}, ${seen.methods.join(',')}`)
        return { address, at, ...seen }
      } finally {
        context.signal.removeEventListener('abort', abort)
        socket.destroy()
        slot.release()
      }
    },
  }
}

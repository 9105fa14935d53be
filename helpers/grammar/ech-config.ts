/** ECHConfigList (RFC 9849 §4): the keys with which clients encrypt their hello, and the name that outsiders see instead. Never throws. */

export interface EchConfig {
  /** 0xfe0d is the version of the RFC; clients skip all others. */
  readonly version: number
  /** Set where the version is that of the RFC. */
  readonly contents?: {
    readonly configId: number
    /** HPKE (RFC 9180): 0x0020 is X25519 with HKDF-SHA256. */
    readonly kem: number
    readonly publicKeyBytes: number
    readonly suites: readonly { readonly kdf: number; readonly aead: number }[]
    readonly maximumNameLength: number
    readonly publicName: string
    /** Types with the highest bit set must be understood. */
    readonly extensions: readonly number[]
  }
}
export type EchConfigReading = { readonly ok: true; readonly value: readonly EchConfig[] } | { readonly ok: false; readonly error: string }

const VERSION = 0xfe0d
/** RFC 9180 §7.1: bytes of a public key. */
const KEY_BYTES: Readonly<Record<number, number>> = { 0x0010: 65, 0x0011: 97, 0x0012: 133, 0x0020: 32, 0x0021: 56 }
/** LDH labels, none of them numeric at the end (§4: no address). */
const NAME = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$|0x[0-9a-f]*$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** Its message is the error of the reading. */
class Malformed extends Error {}

class Reader {
  readonly #bytes: Buffer
  #at = 0
  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }
  get done(): boolean {
    return this.#at === this.#bytes.length
  }
  #take(length: number, what: string): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Malformed(`${what} is cut`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }
  uint8(what: string): number {
    return this.#take(1, what).readUInt8(0)
  }
  uint16(what: string): number {
    return this.#take(2, what).readUInt16BE(0)
  }
  vector8(what: string): Buffer {
    return this.#take(this.uint8(what), what)
  }
  vector16(what: string): Buffer {
    return this.#take(this.uint16(what), what)
  }
}

/** Reads the value of the `ech` parameter of an HTTPS record. */
export function readEchConfigList(bytes: Uint8Array): EchConfigReading {
  try {
    const outer = new Reader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const list = outer.vector16('the list')
    if (!outer.done) return { ok: false, error: 'bytes after the list' }
    const reader = new Reader(list)
    const configs: EchConfig[] = []
    while (!reader.done) {
      const version = reader.uint16('a configuration')
      const contents = reader.vector16('a configuration')
      configs.push(version === VERSION ? { version, contents: readContents(contents) } : { version })
    }
    return configs.length === 0 ? { ok: false, error: 'no configuration in the list' } : { ok: true, value: configs }
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: error.message }
    throw error
  }
}

function readContents(bytes: Buffer): NonNullable<EchConfig['contents']> {
  const reader = new Reader(bytes)
  const configId = reader.uint8('config_id')
  const kem = reader.uint16('kem_id')
  const key = reader.vector16('public_key')
  const pairs = reader.vector16('cipher_suites')
  const maximumNameLength = reader.uint8('maximum_name_length')
  const publicName = reader.vector8('public_name').toString('latin1')
  const more = new Reader(reader.vector16('extensions'))
  if (!reader.done) throw new Malformed('bytes after the extensions')
  if (key.length === 0 || (KEY_BYTES[kem] !== undefined && KEY_BYTES[kem] !== key.length)) throw new Malformed(`public_key has ${key.length} bytes`)
  if (pairs.length < 4 || pairs.length % 4 !== 0) throw new Malformed('cipher_suites is not a list of pairs')
  if (!NAME.test(publicName)) throw new Malformed(`public_name ${JSON.stringify(publicName.slice(0, 80))} is no host name`)
  const suites = Array.from({ length: pairs.length / 4 }, (_, index) => ({ kdf: pairs.readUInt16BE(index * 4), aead: pairs.readUInt16BE(index * 4 + 2) }))
  const extensions: number[] = []
  while (!more.done) {
    extensions.push(more.uint16('an extension'))
    more.vector16('an extension')
  }
  return { configId, kem, publicKeyBytes: key.length, suites, maximumNameLength, publicName, extensions }
}

/** Reads the two files of Redis and Valkey: RDB snapshots (magic, closing CRC-64) and append-only files (every command whole). */
import type { ByteReader } from './bytes.ts'
import type { Reading, RedisFacts } from './facts.ts'
import { KeyCount } from './rdb.ts'

/** CRC-64 of Redis: Jones polynomial, reflected, as two halves of 32 bits, eight bytes at a time (crc64.c, crcspeed.c). */
const HIGH = new Uint32Array(8 * 256)
const LOW = new Uint32Array(8 * 256)
{
  const POLY = 0x95ac9329ac4bc9b5n // ad93d23594c935a9 reflected
  for (let index = 0; index < 256; index += 1) {
    let crc = BigInt(index)
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ POLY : crc >> 1n
    HIGH[index] = Number(crc >> 32n)
    LOW[index] = Number(crc & 0xffffffffn)
  }
  for (let slice = 1; slice < 8; slice += 1)
    for (let index = 0; index < 256; index += 1) {
      const high = HIGH[(slice - 1) * 256 + index] as number
      const low = LOW[(slice - 1) * 256 + index] as number
      const next = low & 0xff
      LOW[slice * 256 + index] = (((low >>> 8) | (high << 24)) ^ (LOW[next] as number)) >>> 0
      HIGH[slice * 256 + index] = ((high >>> 8) ^ (HIGH[next] as number)) >>> 0
    }
}

export interface Crc64 {
  high: number
  low: number
}
/** Takes more bytes into a checksum, in place; it begins as `{ high: 0, low: 0 }`. */
export function crc64(crc: Crc64, bytes: Buffer): void {
  let { high, low } = crc
  let at = 0
  const whole = bytes.length - (bytes.length % 8)
  for (; at < whole; at += 8) {
    const a = (low ^ bytes.readUInt32LE(at)) >>> 0
    const b = (high ^ bytes.readUInt32LE(at + 4)) >>> 0
    const i0 = 7 * 256 + (a & 0xff)
    const i1 = 6 * 256 + ((a >>> 8) & 0xff)
    const i2 = 5 * 256 + ((a >>> 16) & 0xff)
    const i3 = 4 * 256 + (a >>> 24)
    const i4 = 3 * 256 + (b & 0xff)
    const i5 = 2 * 256 + ((b >>> 8) & 0xff)
    const i6 = 256 + ((b >>> 16) & 0xff)
    const i7 = b >>> 24
    low =
      ((LOW[i0] as number) ^
        (LOW[i1] as number) ^
        (LOW[i2] as number) ^
        (LOW[i3] as number) ^
        (LOW[i4] as number) ^
        (LOW[i5] as number) ^
        (LOW[i6] as number) ^
        (LOW[i7] as number)) >>>
      0
    high =
      ((HIGH[i0] as number) ^
        (HIGH[i1] as number) ^
        (HIGH[i2] as number) ^
        (HIGH[i3] as number) ^
        (HIGH[i4] as number) ^
        (HIGH[i5] as number) ^
        (HIGH[i6] as number) ^
        (HIGH[i7] as number)) >>>
      0
  }
  for (; at < bytes.length; at += 1) {
    const index = (low ^ (bytes[at] as number)) & 0xff
    low = (((low >>> 8) | (high << 24)) ^ (LOW[index] as number)) >>> 0
    high = ((high >>> 8) ^ (HIGH[index] as number)) >>> 0
  }
  crc.high = high
  crc.low = low
}

/** An RDB file: since version 5 its last eight bytes are the checksum of all before, 0 where the server was told not to compute it. */
export async function readRdb(reader: ByteReader): Promise<{ readonly redis: RedisFacts; readonly reading: Reading }> {
  const head = await reader.peek(9)
  const version = Number(head.subarray(5, 9).toString('latin1'))
  const crc: Crc64 = { high: 0, low: 0 }
  const counted = new KeyCount()
  let tail: Buffer = Buffer.alloc(0)
  for await (const chunk of reader.chunks()) {
    counted.push(chunk)
    const all = tail.length === 0 ? chunk : Buffer.concat([tail, chunk])
    const cut = Math.max(0, all.length - 9)
    crc64(crc, all.subarray(0, cut))
    tail = Buffer.from(all.subarray(cut))
  }
  if (!Number.isInteger(version) || version < 1)
    return { redis: { kind: 'rdb', checksum: 'absent' }, reading: { complete: false, kind: 'corrupt', error: 'its version is no number' } }
  if (version < 5) {
    const ended = tail.at(-1) === 0xff
    return {
      redis: { kind: 'rdb', version, checksum: 'absent' },
      reading: ended ? { complete: true } : { complete: false, kind: 'cut', error: 'the end mark is missing' },
    }
  }
  // The end mark 0xff stands before the checksum and is part of it.
  if (tail.length < 9 || tail[0] !== 0xff)
    return { redis: { kind: 'rdb', version, checksum: 'absent' }, reading: { complete: false, kind: 'cut', error: 'the end mark is missing' } }
  crc64(crc, tail.subarray(0, 1))
  const low = tail.readUInt32LE(1)
  const high = tail.readUInt32LE(5)
  const keys = counted.keys === undefined ? {} : { keys: counted.keys }
  if (low === 0 && high === 0) return { redis: { kind: 'rdb', version, checksum: 'off', ...keys }, reading: { complete: true } }
  const right = low === crc.low && high === crc.high
  return {
    redis: { kind: 'rdb', version, checksum: right ? 'right' : 'wrong', ...(right ? keys : {}) },
    reading: right ? { complete: true } : { complete: false, kind: 'corrupt', error: 'the closing checksum does not fit' },
  }
}

/** Bytes of the list of a log's files. */
const LIST = 1024 * 1024

/** An append-only file: `*<n>` and n strings `$<length>` each, again and again. */
export async function readAof(reader: ByteReader): Promise<{ readonly redis: RedisFacts; readonly reading: Reading }> {
  let commands = 0
  const ended = (kind: 'cut' | 'corrupt', error: string): { readonly redis: RedisFacts; readonly reading: Reading } => ({
    redis: { kind: 'aof', checksum: 'wrong', commands },
    reading: { complete: false, kind, error },
  })
  const number = async (mark: string): Promise<number | undefined> => {
    const head = await reader.peek(16)
    const end = head.indexOf('\r\n')
    if (end < 2 || head.toString('latin1', 0, 1) !== mark) return head.length < 16 && end === -1 ? undefined : Number.NaN
    const digits = head.toString('latin1', 1, end)
    await reader.take(end + 2)
    return /^\d{1,10}$/.test(digits) ? Number(digits) : Number.NaN
  }
  for (;;) {
    const next = await reader.peek(1)
    if (next.length === 0) return { redis: { kind: 'aof', checksum: commands === 0 ? 'absent' : 'right', commands }, reading: { complete: true } }
    // Lines that only time the commands (aof-timestamp-enabled).
    if (next[0] === 0x23) {
      const line = await reader.peek(64)
      const end = line.indexOf('\r\n')
      if (end === -1) return ended('cut', `command ${commands + 1} is cut off`)
      await reader.take(end + 2)
      continue
    }
    const words = await number('*')
    if (words === undefined) return ended('cut', `command ${commands + 1} is cut off`)
    if (Number.isNaN(words) || words > 1_000_000) return ended('corrupt', `command ${commands + 1} is damaged`)
    for (let index = 0; index < words; index += 1) {
      const length = await number('$')
      if (length === undefined) return ended('cut', `command ${commands + 1} is cut off`)
      if (Number.isNaN(length)) return ended('corrupt', `command ${commands + 1} is damaged`)
      if ((await reader.skip(length)) < length) return ended('cut', `command ${commands + 1} is cut off`)
      const close = await reader.take(2)
      if (close === undefined) return ended('cut', `command ${commands + 1} is cut off`)
      if (close[0] !== 0x0d || close[1] !== 0x0a) return ended('corrupt', `command ${commands + 1} is damaged`)
    }
    commands += 1
  }
}

/** A file of a log: the base it begins with, what was appended since, or history that nobody reads. */
export interface Listed {
  readonly file: string
  readonly type: string
}
/** The list of a log's files: `file <name> seq <number> type <b, i or h>` a line (aof.c). undefined: it is none. */
export function manifest(text: string): readonly Listed[] | undefined {
  if (!text.endsWith('\n')) return undefined
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const listed = lines.flatMap((line): readonly Listed[] => {
    const match = /^file (?:"([^"\\/]+)"|([^\s"/]+)) seq \d+ type ([bih])(?: (?:start|end)offset \d+)*\s*$/.exec(line)
    return match === null ? [] : [{ file: match[1] ?? (match[2] as string), type: match[3] as string }]
  })
  const right = listed.length === lines.length && listed.length > 0 && listed.filter(({ type }) => type === 'b').length <= 1
  return right ? listed : undefined
}

/** A log in several files, each given to it once (Redis 7: appendonlydir): the base, be it a snapshot or commands, and what was appended since. */
export class AppendFolder {
  #listed: readonly Listed[] | undefined
  #reading: Reading = { complete: true }
  #commands = 0
  #after: RedisFacts['after']
  #checksum: RedisFacts['checksum'] = 'right'
  readonly #came = new Set<string>()

  #damage(next: Reading): void {
    if (this.#reading.complete) this.#reading = next
  }
  /** The list comes first. */
  async take(name: string, reader: ByteReader): Promise<void> {
    if (name.endsWith('.manifest')) {
      const text = await reader.peek(LIST)
      this.#listed = text.length < LIST ? manifest(text.toString('utf8')) : undefined
      await reader.skip(Number.POSITIVE_INFINITY)
      return
    }
    const listed = this.#listed?.find(({ file }) => file === name)
    if (listed !== undefined && listed.type !== 'h') {
      const snapshot = (await reader.peek(5)).toString('latin1') === 'REDIS'
      const { redis, reading } = await (snapshot ? readRdb(reader) : readAof(reader))
      if (!reading.complete) this.#damage({ ...reading, error: `${name}: ${reading.error ?? ''}` })
      else if (snapshot && listed.type !== 'b') this.#damage({ complete: false, kind: 'corrupt', error: `${name}: a snapshot where commands should be` })
      this.#commands += redis.commands ?? 0
      if (snapshot) {
        this.#after = 'rdb'
        this.#checksum = redis.checksum
      }
      this.#came.add(name)
    }
    await reader.skip(Number.POSITIVE_INFINITY)
  }
  end(): { readonly redis: RedisFacts; readonly reading: Reading } {
    if (this.#listed === undefined) this.#damage({ complete: false, kind: 'corrupt', error: 'the list of its files (the manifest) is damaged' })
    const missing = this.#listed?.find(({ file, type }) => type !== 'h' && !this.#came.has(file))
    if (missing !== undefined) this.#damage({ complete: false, kind: 'cut', error: `the file ${missing.file} is missing` })
    const checksum = this.#reading.complete ? this.#checksum : 'wrong'
    return { redis: { kind: 'aof', checksum, commands: this.#commands, ...(this.#after === undefined ? {} : { after: this.#after }) }, reading: this.#reading }
  }
}

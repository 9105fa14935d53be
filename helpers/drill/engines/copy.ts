/** Files and folders as a tar stream, for containers of a Docker that does not see the files of this machine: read as fast as it takes them, never held. */
import { createReadStream } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface Copied {
  readonly source: string
  /** Absolute, in the container; at most 99 bytes, what is below a folder included. */
  readonly target: string
  /** Whoever runs in the container may write there. */
  readonly writable?: true
}

const BLOCK = 512
/** What fits into eleven octal digits. */
const OCTAL = 8 ** 11
const PIECE = 1024 * 1024

/** Header of POSIX ustar; sizes beyond its digits in base 256, as GNU tar and star write them. */
function header(name: string, size: number, mode: number, folder: boolean): Buffer {
  const bytes = Buffer.alloc(BLOCK)
  if (bytes.write(name, 0, 100, 'utf8') !== Buffer.byteLength(name) || Buffer.byteLength(name) > 99)
    throw new RangeError(`${name} is too long a name to be copied`)
  const octal = (value: number, at: number, length: number): void => void bytes.write(value.toString(8).padStart(length - 1, '0'), at, 'latin1')
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  if (size < OCTAL) octal(size, 124, 12)
  else {
    bytes[124] = 0x80
    bytes.writeBigUInt64BE(BigInt(size), 128)
  }
  octal(0, 136, 12)
  bytes.fill(' ', 148, 156)
  bytes.write(folder ? '5' : '0', 156, 'latin1')
  bytes.write('ustar\u000000', 257, 'latin1')
  bytes.write(
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  )
  return bytes
}

/**
 * Everything belongs to root, and nobody else may change what is not to be written.
 * @throws the system's error, RangeError where a file is shorter than it was a moment ago, and the reason of the signal
 */
export async function* tarStream(copies: readonly Copied[], signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  const made = new Set<string>()
  async function* above(target: string): AsyncGenerator<Buffer, void, undefined> {
    const parts = target.split('/').slice(0, -1)
    for (let length = 1; length <= parts.length; length += 1) {
      const name = `${parts.slice(0, length).join('/')}/`
      if (!made.has(name)) yield header(name, 0, 0o755, true)
      made.add(name)
    }
  }
  async function* put(source: string, target: string, writable: boolean, within = false): AsyncGenerator<Buffer, void, undefined> {
    signal.throwIfAborted()
    // What is given may be a link; one in a folder would bring in what nobody gave.
    const found = await (within ? lstat(source) : stat(source))
    if (found.isDirectory()) {
      yield header(`${target}/`, 0, writable ? 0o777 : 0o755, true)
      made.add(`${target}/`)
      for (const name of (await readdir(source)).sort()) yield* put(join(source, name), `${target}/${name}`, writable, true)
      return
    }
    if (!found.isFile()) return
    yield header(target, found.size, writable ? 0o666 : 0o644, false)
    let left = found.size
    if (left > 0)
      for await (const chunk of createReadStream(source, { end: found.size - 1, highWaterMark: PIECE, signal }) as AsyncIterable<Buffer>) {
        left -= chunk.length
        yield chunk
      }
    if (left > 0) throw new RangeError('a file became shorter while it was copied into the container')
    const rest = found.size % BLOCK
    if (rest > 0) yield Buffer.alloc(BLOCK - rest)
  }
  for (const { source, target, writable } of copies) {
    const name = target.replace(/^\/+/, '')
    yield* above(name)
    yield* put(source, name, writable === true)
  }
  yield Buffer.alloc(2 * BLOCK)
}

/**
 * Reads a file from its first byte to its last into a few pieces of memory that are used again and again, and takes its SHA-256 on the way: of a large
 * file in a thread of its own, which reads it once more behind us, since that costs more than everything else that is done with it.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const PIECE = 1024 * 1024
const SMALL_PIECE = 64 * 1024
/** One is being read, one looked at, one still held by whoever joins two. */
const PIECES = 3
/** Bytes from which on a thread is worth its start. */
const LARGE = 64 * 1024 * 1024
/** Bytes that the digest may be behind: what was just read is still in the memory of the system, and is not fetched from the disk twice. */
const BEHIND = 2 * 1024 ** 3

/** Reads no further than it was told to: whoever leaves early has the digest of what was given out. */
const HASH = `
const { parentPort, workerData } = require('node:worker_threads')
const { readSync } = require('node:fs')
const hash = require('node:crypto').createHash('sha256')
const piece = Buffer.allocUnsafeSlow(${PIECE})
let at = 0
parentPort.on('message', ({ to, last }) => {
  while (at < to) {
    const length = readSync(workerData, piece, 0, Math.min(piece.length, to - at), at)
    if (length === 0) throw Object.assign(new Error('it became shorter while it was read'), { code: 'EIO' })
    hash.update(piece.subarray(0, length))
    at += length
  }
  parentPort.postMessage(last ? { digest: hash.digest('hex') } : { at })
})`

interface Hash {
  /** A piece that is given out, and the bytes given out with it. */
  take(piece: Uint8Array, given: number): void
  /** Resolves when it is not too far behind. */
  near(): Promise<void>
  digest(): Promise<string>
  close(reason?: unknown): Promise<void>
}

function besideUs({ fd }: FileHandle): Hash {
  const worker = new Worker(HASH, { eval: true, workerData: fd, stderr: true })
  const done = Promise.withResolvers<string>()
  done.promise.catch(() => {})
  let given = 0
  let hashed = 0
  let waiting: (() => void) | undefined
  const tell = (): void => {
    waiting?.()
    waiting = undefined
  }
  const end = (error: unknown): void => {
    done.reject(error)
    tell()
  }
  worker.on('message', ({ at = given, digest }: { readonly at?: number; readonly digest?: string }) => {
    hashed = at
    if (digest !== undefined) done.resolve(digest)
    if (given - hashed <= BEHIND) tell()
  })
  worker.once('error', end)
  worker.once('exit', () => end(new Error('the thread that takes the digest ended')))
  return {
    take(_piece, until) {
      given = until
      worker.postMessage({ to: until })
    },
    near: () =>
      given - hashed <= BEHIND
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting = resolve
          }),
    digest() {
      worker.postMessage({ to: given, last: true })
      return done.promise
    },
    async close(reason) {
      if (reason !== undefined) end(reason)
      await worker.terminate()
    },
  }
}

function withUs(): Hash {
  const hash = createHash('sha256')
  return {
    take: (piece) => void hash.update(piece),
    near: async () => {},
    digest: async () => hash.digest('hex'),
    close: async () => {},
  }
}

export interface FileSource {
  /** Once. @throws the system's error, and the reason of the signal */
  chunks(): AsyncGenerator<Buffer, void, undefined>
  /** From now on a chunk is worth nothing once the one after the next is asked for: who keeps no chunk saves its copy. */
  lend(): void
  /** Of what was given out; asked for once. It may take a while longer than the reading. @throws the reason of the signal */
  sha256(): Promise<string>
  /** Bytes given out. */
  readonly read: number
  close(): Promise<void>
}

/** @throws the system's error where it cannot be opened */
export async function fileSource(path: string, bytes: number, signal: AbortSignal): Promise<FileSource> {
  const handle = await open(path, 'r')
  // Small files are many.
  const size = Math.min(PIECE, Math.max(SMALL_PIECE, Math.ceil(bytes / PIECES)))
  const ring = Buffer.allocUnsafeSlow(size * PIECES)
  const hash = bytes >= LARGE && availableParallelism() > 1 ? besideUs(handle) : withUs()
  let interrupt: ((reason: unknown) => void) | undefined
  const abort = (): void => {
    interrupt?.(signal.reason)
    void hash.close(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  let lent = false
  let given = 0
  let reading: Promise<number> | undefined
  /** Fills a piece as far as the file goes. */
  const fill = async (from: number): Promise<number> => {
    await hash.near()
    const piece = ring.subarray(from, from + size)
    let length = 0
    while (length < size) {
      const { bytesRead } = await handle.read(piece, length, size - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return length
  }
  const ahead = (from: number): void => {
    reading = fill(from)
    reading.catch(() => {})
  }
  return {
    async *chunks() {
      ahead(0)
      for (let from = 0; ; from = (from + size) % ring.length) {
        signal.throwIfAborted()
        const length = await new Promise<number>((resolve, reject) => {
          interrupt = reject
          reading?.then(resolve, reject)
        })
        if (length === 0) return
        const piece = ring.subarray(from, from + length)
        given += length
        hash.take(piece, given)
        ahead((from + size) % ring.length)
        yield lent ? piece : Buffer.from(piece)
      }
    },
    lend: () => (lent = true),
    sha256: () => hash.digest(),
    get read() {
      return given
    },
    async close() {
      signal.removeEventListener('abort', abort)
      // Its thread reads with our handle.
      await hash.close()
      // A read that never comes back is not waited for.
      if (signal.aborted) void handle.close().catch(() => {})
      else await handle.close()
    },
  }
}

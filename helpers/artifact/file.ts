/**
 * Reads a file from its first byte to its last into a few pieces of memory that are used again and again, and takes its SHA-256 on the way: of a large
 * file in a thread of its own, since that costs more than everything else that is done with it.
 */
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

const PIECE = 1024 * 1024
const SMALL_PIECE = 64 * 1024
/** One is being read, one looked at, one still held by whoever joins two, and the rest waits for its digest. */
const PIECES = 6
/** Bytes from which on a thread is worth its start. */
const LARGE = 64 * 1024 * 1024

const HASH = `
const { parentPort, workerData } = require('node:worker_threads')
const hash = require('node:crypto').createHash('sha256')
const bytes = new Uint8Array(workerData)
parentPort.on('message', ({ from, to }) => {
  if (from === to) return parentPort.postMessage({ digest: hash.digest('hex') })
  hash.update(bytes.subarray(from, to))
  parentPort.postMessage({ from })
})`

interface Hash {
  /** Takes a part of the ring; the part must stay as it is until {@link free} says so. */
  update(from: number, to: number): void
  free(from: number): Promise<void>
  digest(): Promise<string>
  close(): void
}

interface Wait {
  readonly promise: Promise<string>
  readonly resolve: (digest: string) => void
  readonly reject: (error: unknown) => void
}

function besideUs(ring: SharedArrayBuffer): Hash {
  const worker = new Worker(HASH, { eval: true, workerData: ring, stderr: true })
  /** Parts of the ring that it has, and the digest under a number that no part has. */
  const busy = new Map<number, Wait>()
  const END = -1
  let broken: unknown
  const wait = (from: number): Wait => {
    const one = Promise.withResolvers<string>()
    one.promise.catch(() => {})
    if (broken !== undefined) one.reject(broken)
    busy.set(from, one)
    return one
  }
  const end = (error: unknown): void => {
    broken ??= error
    for (const one of busy.values()) one.reject(broken)
  }
  worker.on('message', ({ from = END, digest = '' }: { readonly from?: number; readonly digest?: string }) => {
    busy.get(from)?.resolve(digest)
    busy.delete(from)
  })
  worker.once('error', end)
  worker.once('exit', () => end(new Error('the thread that takes the digest ended')))
  return {
    update(from, to) {
      wait(from)
      worker.postMessage({ from, to })
    },
    free: async (from) => void (await busy.get(from)?.promise),
    async digest() {
      const { promise } = wait(END)
      worker.postMessage({ from: END, to: END })
      return await promise
    },
    close: () => void worker.terminate(),
  }
}

function withUs(ring: SharedArrayBuffer): Hash {
  const hash = createHash('sha256')
  const bytes = new Uint8Array(ring)
  return {
    update: (from, to) => void hash.update(bytes.subarray(from, to)),
    free: async () => {},
    digest: async () => hash.digest('hex'),
    close: () => {},
  }
}

export interface FileSource {
  /** Once. @throws the system's error, and the reason of the signal */
  chunks(): AsyncGenerator<Buffer, void, undefined>
  /** From now on a chunk is worth nothing once the one after the next is asked for: who keeps no chunk saves its copy. */
  lend(): void
  /** Of what was given out. */
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
  const ring = new SharedArrayBuffer(size * PIECES)
  const hash = bytes >= LARGE && availableParallelism() > 1 ? besideUs(ring) : withUs(ring)
  let interrupt: ((reason: unknown) => void) | undefined
  const abort = (): void => interrupt?.(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  let lent = false
  let given = 0
  let reading: Promise<number> | undefined
  /** Fills a piece as far as the file goes. */
  const fill = async (from: number): Promise<number> => {
    await hash.free(from)
    const piece = Buffer.from(ring, from, size)
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
      for (let from = 0; ; from = (from + size) % ring.byteLength) {
        signal.throwIfAborted()
        const length = await new Promise<number>((resolve, reject) => {
          interrupt = reject
          reading?.then(resolve, reject)
        })
        if (length === 0) return
        const piece = Buffer.from(ring, from, length)
        hash.update(from, from + length)
        given += length
        ahead((from + size) % ring.byteLength)
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
      hash.close()
      // A read that never comes back is not waited for.
      if (signal.aborted) void handle.close().catch(() => {})
      else await handle.close()
    },
  }
}

/** The log of results, one line each as they come: what a run leaves even if it is killed. */
import { createWriteStream, readSync } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result, Stored } from '../helpers/run.ts'
import { jsonLine } from './sanitize.ts'

/** Code of a folder that another run took. */
const SHARED = 'EBUSY'

/** Cannot write there: says where and why, in the system's word. */
export class ReportFolderError extends Error {
  override readonly name = 'ReportFolderError'
  readonly code: string
  constructor(folder: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN'
    const why = code === SHARED ? ': another run has begun to write there; give each run a folder of its own' : ''
    super(`the report cannot be written to ${folder}: ${code}${why}`, { cause })
    this.code = code
  }
}

export interface ResultLog {
  /**
   * One line of results.jsonl; never throws: a full disk must not end the run.
   * @returns where it will lie; undefined when the log has failed
   */
  add(result: Result): Stored | undefined
  /** @returns what kept it from being complete, or undefined; `taken`: another run has begun its own there, and what this one saw does not belong beside it */
  close(): Promise<{ readonly error: Error; readonly taken: boolean } | undefined>
  /** A result as it was added, from a log that is closed. @throws Error when it cannot be read back */
  read(stored: Stored): Result
  /** Ends the reading. */
  done(): Promise<void>
}

const shared = (): Error => Object.assign(new Error('another run writes there'), { code: SHARED })

/** Lines are written together, when there are so many bytes of them or the first has waited so long. */
const TOGETHER_BYTES = 65_536
const TOGETHER_MS = 50

/** @throws ReportFolderError when the folder cannot be made or written: before anything is sent */
export async function openResultLog(folder: string, clean: (text: string) => string): Promise<ResultLog> {
  const path = join(folder, 'results.jsonl')
  let handle: FileHandle
  try {
    await mkdir(folder, { recursive: true })
    // A new file, never the old one made empty: a run that still writes there keeps its own, and reads back what it wrote.
    await rm(path, { force: true })
    handle = await open(path, 'wx+')
  } catch (error) {
    throw new ReportFolderError(folder, (error as NodeJS.ErrnoException).code === 'EEXIST' ? shared() : error)
  }
  const { ino, dev } = await handle.stat()
  const taken = async (): Promise<boolean> => {
    const now = await stat(path).catch(() => undefined)
    return now !== undefined && (now.ino !== ino || now.dev !== dev)
  }
  const stream = createWriteStream(path, { fd: handle.fd, autoClose: false })
  let failed: Error | undefined
  stream.on('error', (error) => {
    failed ??= error
  })
  let pending: Buffer[] = []
  let size = 0
  let end = 0
  let timer: NodeJS.Timeout | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (pending.length > 0 && failed === undefined) stream.write(pending.length === 1 ? pending[0] : Buffer.concat(pending))
    pending = []
    size = 0
  }
  let last: { readonly at: number; readonly result: Result } | undefined
  return {
    add: (result) => {
      if (failed !== undefined) return undefined
      const line = Buffer.from(`${clean(jsonLine(result))}\n`)
      const stored = { at: end, bytes: line.length }
      end += line.length
      pending.push(line)
      size += line.length
      if (size >= TOGETHER_BYTES) flush()
      else timer ??= setTimeout(flush, TOGETHER_MS)
      return stored
    },
    close: async () => {
      const error = await new Promise<Error | undefined>((resolve) => {
        flush()
        if (failed !== undefined || stream.destroyed) resolve(failed)
        else {
          stream.once('error', (one) => resolve(one))
          stream.end(() => resolve(failed))
        }
      })
      if (await taken()) return { error: shared(), taken: true }
      return error === undefined ? undefined : { error, taken: false }
    },
    read: ({ at, bytes }) => {
      if (last?.at === at) return last.result
      const line = Buffer.allocUnsafe(bytes)
      if (readSync(handle.fd, line, 0, bytes, at) !== bytes) throw new Error(`${path} ends before byte ${at + bytes}`)
      const result = JSON.parse(line.toString()) as Result
      last = { at, result }
      return result
    },
    done: () => handle.close(),
  }
}

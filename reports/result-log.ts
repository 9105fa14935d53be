/** The log of results, one line each as they come: what a run leaves even if it is killed. */
import { closeSync, createWriteStream, openSync, readSync, type WriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result, Stored } from '../helpers/run.ts'
import { jsonLine } from './sanitize.ts'

/** Cannot write there: says where and why, in the system's word. */
export class ReportFolderError extends Error {
  override readonly name = 'ReportFolderError'
  readonly code: string
  constructor(folder: string, cause: unknown) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'UNKNOWN'
    super(`the report cannot be written to ${folder}: ${code}`, { cause })
    this.code = code
  }
}

export interface ResultLog {
  /**
   * One line of results.jsonl; never throws: a full disk must not end the run.
   * @returns where it will lie; undefined when the log has failed
   */
  add(result: Result): Stored | undefined
  /** @returns what kept it from being complete, or undefined */
  close(): Promise<Error | undefined>
  /** A result as it was added, from a log that is closed. @throws Error when it cannot be read back */
  read(stored: Stored): Result
  /** Ends the reading. */
  done(): void
}

/** Lines are written together, when there are so many bytes of them or the first has waited so long. */
const TOGETHER_BYTES = 65_536
const TOGETHER_MS = 50

/** @throws ReportFolderError when the folder cannot be made or written: before anything is sent */
export async function openResultLog(folder: string, clean: (text: string) => string): Promise<ResultLog> {
  const path = join(folder, 'results.jsonl')
  let stream: WriteStream
  try {
    await mkdir(folder, { recursive: true })
    const handle = await open(path, 'w')
    await handle.close()
    stream = createWriteStream(path, { flags: 'w' })
  } catch (error) {
    throw new ReportFolderError(folder, error)
  }
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
  let reading: number | undefined
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
    close: () =>
      new Promise((resolve) => {
        flush()
        if (failed !== undefined || stream.destroyed) resolve(failed)
        else {
          stream.once('error', (error) => resolve(error))
          stream.end(() => resolve(failed))
        }
      }),
    read: ({ at, bytes }) => {
      if (last?.at === at) return last.result
      reading ??= openSync(path, 'r')
      const line = Buffer.allocUnsafe(bytes)
      if (readSync(reading, line, 0, bytes, at) !== bytes) throw new Error(`${path} ends before byte ${at + bytes}`)
      const result = JSON.parse(line.toString()) as Result
      last = { at, result }
      return result
    },
    done: () => {
      if (reading !== undefined) closeSync(reading)
      reading = undefined
    },
  }
}

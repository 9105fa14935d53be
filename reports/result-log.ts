/** The log of results, one line each as they come: what a run leaves even if it is killed. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../helpers/run.ts'
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
  /** One line of results.jsonl; never throws: a full disk must not end the run. */
  add(result: Result): void
  /** @returns what kept it from being complete, or undefined */
  close(): Promise<Error | undefined>
}

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
  return {
    add: (result) => {
      if (failed === undefined) stream.write(`${clean(jsonLine(result))}\n`)
    },
    close: () =>
      new Promise((resolve) => {
        if (failed !== undefined || stream.destroyed) resolve(failed)
        else {
          stream.once('error', (error) => resolve(error))
          stream.end(() => resolve(failed))
        }
      }),
  }
}

/** The report folder: results streamed as they come, then every format written whole or not at all. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../helpers/run.ts'
import { html } from './html.ts'
import { jsonPieces } from './json.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { metrics } from './metrics.ts'
import type { Report } from './report.ts'
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

const FORMATS: readonly (readonly [name: string, pieces: (report: Report) => Iterable<string>])[] = [
  ['report.json', jsonPieces],
  ['report.html', (report) => [html(report)]],
  ['report.md', (report) => [markdown(report)]],
  ['junit.xml', (report) => [junit(report)]],
  ['metrics.prom', (report) => [metrics(report)]],
]

/**
 * Writes every format next to its place and renames it there, so that a reader never sees half a file. One that fails does not keep the others
 * from being tried.
 * @returns one error per format that could not be written
 */
export async function writeReport(folder: string, report: Report): Promise<readonly Error[]> {
  const errors: Error[] = []
  for (const [name, pieces] of FORMATS) {
    const path = join(folder, name)
    const draft = `${path}.${process.pid}.tmp`
    try {
      const handle = await open(draft, 'w')
      try {
        let pending = ''
        for (const piece of pieces(report)) {
          pending += piece
          if (pending.length > 262_144) {
            await handle.appendFile(pending)
            pending = ''
          }
        }
        await handle.appendFile(pending)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(draft, path)
    } catch (error) {
      await rm(draft, { force: true }).catch(() => {})
      errors.push(new ReportFolderError(path, error))
    }
  }
  return errors
}

/** The report folder: every format written whole or not at all. */
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { htmlPieces } from './html.ts'
import { jsonPieces } from './json.ts'
import { junitPieces } from './junit.ts'
import { markdown } from './markdown.ts'
import { metrics } from './metrics.ts'
import type { Report, Whole } from './report.ts'
import { ReportFolderError } from './result-log.ts'

const FORMATS: readonly (readonly [name: string, pieces: (report: Report, whole?: Whole) => Iterable<string>])[] = [
  ['report.json', jsonPieces],
  ['report.html', htmlPieces],
  ['report.md', (report) => [markdown(report)]],
  ['junit.xml', junitPieces],
  ['metrics.prom', (report) => [metrics(report)]],
]

/**
 * Writes every format next to its place and renames it there, so that a reader never sees half a file. One that fails does not keep the others
 * from being tried.
 * @param whole gives the evidence that is not held in memory
 * @returns one error per format that could not be written
 */
export async function writeReport(folder: string, report: Report, whole?: Whole): Promise<readonly Error[]> {
  const errors: Error[] = []
  for (const [name, pieces] of FORMATS) {
    const path = join(folder, name)
    const draft = `${path}.${process.pid}.tmp`
    try {
      const handle = await open(draft, 'w')
      try {
        let pending = ''
        for (const piece of pieces(report, whole)) {
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

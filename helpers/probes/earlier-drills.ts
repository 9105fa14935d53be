/** Reports of earlier drills of a backup: what they found, to be compared with. Reads files of this machine and nothing else. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { type Baseline, baselineOf, drillsIn, drillsInReceipts, type EarlierDrill, summaryOf } from '../drill/record.ts'
import type { Probe } from '../probe.ts'
import type { BackupEntry } from '../target.ts'

export interface EarlierDrills {
  /** Of the backup. */
  readonly entry: string
  /** Oldest first. */
  readonly drills: readonly EarlierDrill[]
  /** Files that were looked at and are no report of this backup. */
  readonly passedOver: number
  readonly baseline?: Baseline | { readonly unread: string }
  /** The folder could not be read: why. */
  readonly unread?: string
}
const MOST_FILES = 500
const MOST_BYTES = 256 * 1024 * 1024

async function textOf(path: string): Promise<string | { readonly unread: string }> {
  try {
    if ((await stat(path)).size > MOST_BYTES) return { unread: `${basename(path)} is larger than 256 MiB` }
    return await readFile(path, 'utf8')
  } catch (error) {
    return { unread: `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})` }
  }
}
/** report.json of every folder in it, the JSON files beside them, and chains of receipts; the newest by name. */
async function reportsIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .flatMap((one) =>
      one.isDirectory() ? [join(folder, one.name, 'report.json')] : one.isFile() && /\.jsonl?$/.test(one.name) ? [join(folder, one.name)] : [],
    )
    .sort()
    .slice(-MOST_FILES)
}

export function earlierDrills(entry: BackupEntry): Probe<EarlierDrills> {
  const report = entry.drill?.baseline?.report
  const history = entry.drill?.history
  return {
    kind: 'earlierDrills',
    key: `earlierDrills ${entry.id} ${report ?? ''} ${history ?? ''}`,
    impact: 'read',
    cost: { connections: 0, requests: 0 },
    run: async ({ target }) => {
      const place = (path: string): string => resolve(target.folder ?? '.', path)
      const drills: EarlierDrill[] = []
      let passedOver = 0
      let unread: string | undefined
      let baseline: EarlierDrills['baseline']
      if (report !== undefined) {
        const text = await textOf(place(report))
        const found = typeof text === 'string' ? drillsIn(text, target.name, entry.id) : text.unread
        const last = typeof found === 'string' ? undefined : found.at(-1)
        baseline = last === undefined ? { unread: `${report}: ${typeof found === 'string' ? found : 'it has no drill'}` } : baselineOf(last)
      }
      if (history !== undefined)
        try {
          for (const path of await reportsIn(place(history))) {
            const text = await textOf(path)
            if (typeof text === 'string' && path.endsWith('.jsonl')) {
              drills.push(...drillsInReceipts(text, target.name, entry.id))
              continue
            }
            const found = typeof text === 'string' ? drillsIn(text, target.name, entry.id) : text.unread
            if (typeof found === 'string') passedOver += 1
            else drills.push(...found.map(summaryOf))
          }
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException
          // Before the first drill there is no folder yet.
          if (code !== 'ENOENT') unread = `${history} cannot be read (${code ?? 'error'})`
        }
      const once = new Map(drills.map((one) => [one.startedAt, one]))
      return {
        entry: entry.id,
        drills: [...once.values()].sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt)),
        passedOver,
        ...(baseline === undefined ? {} : { baseline }),
        ...(unread === undefined ? {} : { unread }),
      }
    },
  }
}

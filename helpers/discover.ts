/** Finds checks by file: every `*.check.ts` (or compiled `.js`) below a folder is a check. Adding a check = adding its file. */
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Check } from './check.ts'

export interface FoundCheck {
  readonly file: string
  readonly check: Check
}
/** A file that could not be taken as a check; never ignored: the caller refuses to start, or reports it. */
export interface BrokenCheck {
  readonly file: string
  readonly message: string
}
export interface Found {
  readonly checks: readonly FoundCheck[]
  readonly broken: readonly BrokenCheck[]
}

const CHECK_FILE = /\.check\.(?:ts|js|mjs)$/
const SKIPPED = new Set(['node_modules', '.git', 'dist', 'postproof-report'])

/** Files below `folder`, at most `depth` levels down, sorted. A folder that does not exist holds none. */
/** Every check file of a folder, sorted. */
export async function checkFiles(folder: string, depth = 3): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  })
  const nested = await Promise.all(
    entries.map(async (entry): Promise<readonly string[]> => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return depth > 0 && !SKIPPED.has(entry.name) ? await checkFiles(path, depth - 1) : []
      return entry.isFile() && CHECK_FILE.test(entry.name) ? [path] : []
    }),
  )
  return nested.flat().sort()
}

/** The id of a check by its path alone, without importing it. */
export const idOf = (folder: string, file: string): string => relative(folder, file).split(sep).join('/').replace(CHECK_FILE, '')

const isCheck = (value: unknown): value is Check =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Check).id === 'string' &&
  typeof (value as Check).judge === 'function' &&
  typeof (value as Check).needs === 'function'

/**
 * Imports the checks of a folder.
 * @param options.idsFromPath our own suites: the id must equal the path below the folder (`tls/validity` = `tls/validity.check.ts`)
 * @param options.files where they are listed already
 * @param options.timeoutMs how long one file's import may take; a top-level await that never settles is a broken check, not a hang
 */
export async function loadChecks(
  folder: string,
  options: { readonly idsFromPath: boolean; readonly files?: readonly string[]; readonly timeoutMs?: number },
): Promise<Found> {
  const files = options.files ?? (await checkFiles(folder))
  const checks: FoundCheck[] = []
  const broken: BrokenCheck[] = []
  await Promise.all(
    files.map(async (file) => {
      let timer: NodeJS.Timeout | undefined
      try {
        const late = new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new Error('its import did not finish (a top-level await that never settles?)')), options.timeoutMs ?? 30_000)
        })
        const module = (await Promise.race([import(pathToFileURL(file).href), late])) as { default?: unknown }
        if (!isCheck(module.default)) throw new Error('it has no default export made by defineCheck()')
        const expected = idOf(folder, file)
        if (options.idsFromPath && module.default.id !== expected) throw new Error(`its id ${module.default.id} is not its path ${expected}`)
        checks.push({ file, check: module.default })
      } catch (error) {
        broken.push({ file, message: error instanceof Error ? error.message : String(error) })
      } finally {
        clearTimeout(timer)
      }
    }),
  )
  checks.sort((a, b) => (a.check.id < b.check.id ? -1 : a.check.id > b.check.id ? 1 : a.file < b.file ? -1 : 1))
  const owner = new Map<string, string>()
  const unique = checks.filter(({ file, check }) => {
    const other = owner.get(check.id)
    if (other === undefined) {
      owner.set(check.id, file)
      return true
    }
    broken.push({ file, message: `its id ${check.id} is already that of ${other}` })
    return false
  })
  return { checks: unique, broken }
}

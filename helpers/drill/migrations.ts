/** Which migrations a restored database has, by the table of their tool, beside those of the repository. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { DrillFile } from '../target/drill.ts'
import { compare } from './compare.ts'
import type { Migrations } from './observation.ts'
import type { Ask } from './postgres.ts'

type Declared = NonNullable<DrillFile['migrations']>

interface Adapter {
  readonly table: string
  /** Names of applied migrations, one a row; the second is asked where the first finds no table. */
  readonly applied: readonly string[]
  /** Begun and not ended. */
  readonly unfinished?: string
  /** `name`, a blank, what its content was when it was applied. */
  readonly content?: string
}
const ADAPTERS: Readonly<Record<Declared['tool'], Adapter>> = {
  prisma: {
    table: '_prisma_migrations',
    applied: ['select migration_name from "_prisma_migrations" where finished_at is not null and rolled_back_at is null'],
    unfinished: 'select migration_name from "_prisma_migrations" where finished_at is null and rolled_back_at is null',
    content: `select migration_name || ' ' || checksum from "_prisma_migrations" where finished_at is not null and rolled_back_at is null`,
  },
  alembic: { table: 'alembic_version', applied: ['select version_num from alembic_version'] },
  payload: {
    table: 'payload_migrations',
    applied: ["select name from payload_migrations where name <> 'dev' and batch <> -1"],
    unfinished: "select name from payload_migrations where name = 'dev' or batch = -1",
  },
  django: { table: 'django_migrations', applied: ["select app || '.' || name from django_migrations"] },
  flyway: {
    table: 'flyway_schema_history',
    // Baselines, schemas that Flyway made and what was undone are no files.
    applied: ["select script from flyway_schema_history where success and type = 'SQL'"],
    unfinished: 'select script from flyway_schema_history where not success',
    content: "select script || ' ' || checksum from flyway_schema_history where success and type = 'SQL' order by installed_rank",
  },
  knex: { table: 'knex_migrations', applied: ['select name from knex_migrations'] },
  drizzle: { table: '__drizzle_migrations', applied: ['select hash from drizzle."__drizzle_migrations"', 'select hash from "__drizzle_migrations"'] },
  rails: { table: 'schema_migrations', applied: ['select version from schema_migrations'] },
  typeorm: { table: 'migrations', applied: ['select name from migrations'] },
}

/** The migrations of a folder. */
interface Repository {
  readonly names: readonly string[]
  /** Contents that a file may have been applied with, as the tool writes them. */
  readonly contents: ReadonlyMap<string, readonly string[]>
  /** Applied names as the folder calls them, and which of the unknown ones mean that the code is too old. */
  readonly read?: (applied: readonly string[]) => { readonly applied: readonly string[]; readonly forgotten?: ReadonlySet<string> }
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')
/** Flyway: CRC-32 over the lines without their ends, the byte order mark left out, as a signed number. */
export const flywayChecksum = (text: string): string =>
  String(
    text
      .replace(/^\uFEFF/, '')
      .split(/\r\n|\r|\n/)
      .reduce((sum, line) => crc32(line, sum), 0) | 0,
  )
/** Prisma: SHA-256 of the file, which may have been checked out with other line ends. */
const prismaChecksums = (text: string): readonly string[] => [...new Set([text, text.replaceAll('\r\n', '\n'), text.replaceAll(/\r?\n/g, '\r\n')])].map(sha256)

const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'site-packages', 'venv', '.venv', '.git', '__pycache__', 'dist'])
const MOST_FILES = 20_000
/** Paths below a folder, at most eight folders deep. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = []
  const walk = async (path: string, depth: number): Promise<void> => {
    for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
      const name = path === '' ? entry.name : `${path}/${entry.name}`
      if (entry.isDirectory() && depth < 8 && !SKIPPED.has(entry.name)) await walk(name, depth + 1)
      else if (entry.isFile() && found.length < MOST_FILES) found.push(name)
    }
  }
  await walk('', 0)
  return found
}

/** Every revision with those it follows. */
export function alembicRevisions(sources: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const revisions = new Map<string, readonly string[]>()
  for (const source of sources) {
    const revision = /^revision(?:\s*:[^=\n]+)?\s*=\s*["']([^"']+)["']/m.exec(source)?.[1]
    const before = /^down_revision(?:\s*:[^=\n]+)?\s*=\s*(None|["'][^"']+["']|\([^)]*\))/m.exec(source)?.[1]
    if (revision !== undefined && before !== undefined)
      revisions.set(
        revision,
        [...before.matchAll(/["']([^"']+)["']/g)].map((match) => match[1] as string),
      )
  }
  return revisions
}

async function repositoryOf(tool: Declared['tool'], folder: string): Promise<Repository> {
  const files = await filesBelow(folder)
  const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const none = new Map<string, readonly string[]>()
  switch (tool) {
    case 'prisma': {
      const scripts = files.filter((name) => /^[^/]+\/migration\.sql$/.test(name))
      const contents = await Promise.all(scripts.map(async (name) => [name.slice(0, name.indexOf('/')), prismaChecksums(await text(name))] as const))
      return { names: contents.map(([name]) => name), contents: new Map(contents) }
    }
    case 'flyway': {
      const scripts = files.filter((name) => /(?:^|\/)[VR][^/]*__[^/]+\.sql$/.test(name))
      return { names: scripts, contents: new Map(await Promise.all(scripts.map(async (name) => [name, [flywayChecksum(await text(name))]] as const))) }
    }
    case 'payload':
      return { names: files.flatMap((name) => /^(\d[^/]*)\.(?:ts|js)$/.exec(name)?.[1] ?? []), contents: none }
    case 'knex':
      return { names: files.filter((name) => /^[^/]+\.(?:ts|js|mjs|cjs)$/.test(name)), contents: none }
    case 'rails':
      return { names: files.flatMap((name) => /^(\d{14})_[^/]*\.rb$/.exec(name)?.[1] ?? []), contents: none }
    case 'typeorm':
      return { names: files.flatMap((name) => /^(\d{13})-([^/]+)\.(?:ts|js)$/.exec(name)?.slice(1, 3).reverse().join('') ?? []), contents: none }
    case 'django': {
      const names = files.flatMap((name) => {
        const match = /(?:^|\/)([^/]+)\/migrations\/(\d[^/]*)\.py$/.exec(name)
        return match === null ? [] : [`${match[1] as string}.${match[2] as string}`]
      })
      const last = new Map<string, string>()
      for (const name of names) {
        const app = name.slice(0, name.indexOf('.'))
        if (name > (last.get(app) ?? '')) last.set(app, name)
      }
      // Applications from packages have no folder here; what was squashed long ago keeps its row.
      return {
        names,
        contents: none,
        read: (applied) => ({ applied, forgotten: new Set(applied.filter((name) => name <= (last.get(name.slice(0, name.indexOf('.'))) ?? '\uFFFF'))) }),
      }
    }
    case 'drizzle': {
      const scripts = files.filter((name) => /^[^/]+\.sql$/.test(name))
      const tags = new Map(await Promise.all(scripts.map(async (name) => [sha256(await text(name)), name.replace(/\.sql$/, '')] as const)))
      return { names: [...tags.values()], contents: none, read: (applied) => ({ applied: applied.map((hash) => tags.get(hash) ?? hash) }) }
    }
    case 'alembic': {
      const revisions = alembicRevisions(await Promise.all(files.filter((name) => name.endsWith('.py')).map(text)))
      // The table names the last one alone: those before it are applied too.
      const read = (applied: readonly string[]): { readonly applied: readonly string[] } => {
        const all = new Set<string>()
        const open = [...applied]
        for (let one = open.pop(); one !== undefined; one = open.pop())
          if (!all.has(one)) {
            all.add(one)
            open.push(...(revisions.get(one) ?? []))
          }
        return { applied: [...all] }
      }
      return { names: [...revisions.keys()], contents: none, read }
    }
    default: {
      const never: never = tool
      throw new TypeError(`no such tool ${String(never)}`)
    }
  }
}

/** @param ask the rows of one column, or why there are none */
export async function migrationsOf(declared: Declared, folder: string | undefined, ask: Ask): Promise<Migrations> {
  const { tool } = declared
  const adapter = ADAPTERS[tool]
  const unread = (why: string): Migrations => ({ tool, applied: 0, unfinished: [], changed: [], unread: why })
  let repository: Repository | undefined
  if (folder !== undefined)
    try {
      repository = await repositoryOf(tool, folder)
    } catch (error) {
      return unread(`the folder of the migrations cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
    }
  if (repository !== undefined && repository.names.length === 0) return unread(`the declared folder holds no migration of ${tool}`)
  let told: Awaited<ReturnType<Ask>> = 'no answer'
  for (const sql of adapter.applied) {
    told = await ask(sql)
    if (typeof told !== 'string') break
  }
  if (typeof told === 'string') return unread(`${adapter.table}: ${told}`)
  const unfinished = adapter.unfinished === undefined ? [] : await ask(adapter.unfinished)
  if (typeof unfinished === 'string') return unread(`${adapter.table}: ${unfinished}`)
  const changed: string[] = []
  if (adapter.content !== undefined && repository !== undefined) {
    const contents = await ask(adapter.content)
    if (typeof contents === 'string') return unread(`${adapter.table}: ${contents}`)
    // Of one that runs again whenever it changes, the last time counts.
    const last = new Map(contents.map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]))
    for (const [name, content] of last) if (repository.contents.get(name)?.includes(content) === false) changed.push(name)
  }
  const names = repository?.names ?? declared.applied
  const { applied, forgotten } = repository?.read?.(told) ?? { applied: told, forgotten: undefined }
  const compared =
    names === undefined ? undefined : compare(new Set(names), new Set(applied.filter((name) => names.includes(name) || forgotten?.has(name) !== true)))
  return { tool, applied: told.length, unfinished, changed, ...(compared === undefined ? {} : { compared }) }
}

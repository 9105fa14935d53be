/** Judgement of the suite: a healthy artifact of each kind, then one thing wrong per case, and the traps that must not alarm. Plain objects, no disk. */
import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type ArtifactFacts, type DumpFacts, noObjects, type SqliteFacts, type TarFacts } from '../../helpers/artifact/facts.ts'
import type { Check } from '../../helpers/check.ts'
import type { SeenArtifact } from '../../helpers/probes/backups.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
type Declared = Exclude<BackupEntry['files'][string], string>

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(`./${file}`)) as { default: Check }
  checks.set(check.id.slice('artifact/'.length), check)
}

const DUMP: DumpFacts = {
  engine: 'postgres',
  scope: 'database',
  dumper: 'pg_dump 15.18',
  dumperVersion: '15.18',
  serverVersion: '15.18',
  databases: [],
  tables: [
    { name: 'public.users', defined: true, data: true, rows: 3 },
    { name: 'public.log', defined: true, data: true, rows: 0 },
  ],
  rows: 3,
  copies: true,
  objects: { ...noObjects(), tables: 2, indexes: 4, largeObjects: 1 },
  extensions: [],
  rolesCreated: [],
  rolesNamed: ['shop', 'postgres'],
  encoding: 'UTF8',
  rowSecurity: 'off',
  dangers: [],
  endMark: true,
  restrict: { closed: true },
  contentDigest: 'c',
}
const facts = (more: Partial<ArtifactFacts> = {}): ArtifactFacts => ({
  name: 'db.sql',
  bytes: 5000,
  layers: [],
  decodedBytes: 5000,
  format: 'pg-plain',
  sha256: 'a'.repeat(64),
  reading: { complete: true },
  members: [],
  ...more,
})
const dump = (more: Partial<DumpFacts> = {}, rest: Partial<ArtifactFacts> = {}): ArtifactFacts => facts({ dump: { ...DUMP, ...more }, ...rest })
const without = (key: keyof DumpFacts, rest: Partial<ArtifactFacts> = {}): ArtifactFacts => {
  const { [key]: _gone, ...kept } = DUMP
  return facts({ dump: kept as DumpFacts, ...rest })
}
const archive = (more: Partial<DumpFacts> = {}, rest: Partial<ArtifactFacts> = {}): ArtifactFacts =>
  dump(more, { name: 'db.dump', format: 'pg-custom', ...rest })
const CUT = { complete: false, kind: 'cut', error: 'unexpected end of file' } as const
const TAR: TarFacts = { entries: 2, files: 2, fileBytes: 9, endBlocks: true, hostile: [], hostileCount: 0, names: ['db/a.dump', 'env/.env'], emptyNames: [] }
const tar = (more: Partial<TarFacts> = {}, rest: Partial<ArtifactFacts> = {}): ArtifactFacts =>
  facts({ name: 'all.tar', format: 'tar', tar: { ...TAR, ...more }, ...rest })
const SQLITE: SqliteFacts = {
  pageSize: 4096,
  pages: 2,
  expectedBytes: 8192,
  wal: false,
  walBeside: false,
  integrity: { ok: true, problems: 0, foreignKeyProblems: 0, tables: [{ name: 'users', defined: true, data: true, rows: 2 }] },
}
const sqlite = (more: Partial<SqliteFacts> = {}, rest: Partial<ArtifactFacts> = {}): ArtifactFacts =>
  facts({ name: 'app.db', format: 'sqlite', decodedBytes: 8192, sqlite: { ...SQLITE, ...more }, ...rest })
const unasked = (integrityError?: string): ArtifactFacts => {
  const { integrity: _integrity, ...rest } = SQLITE
  return facts({ name: 'app.db', format: 'sqlite', decodedBytes: 8192, sqlite: { ...rest, ...(integrityError === undefined ? {} : { integrityError }) } })
}
const seenOf = (one: ArtifactFacts): SeenArtifact => ({
  file: { role: 'file', name: one.name, path: `/b/${one.name}`, bytes: one.bytes, modifiedAt: NOW.toISOString(), mode: 0o640, folder: false, growing: false },
  set: { at: NOW.toISOString(), basis: 'name' },
  facts: one,
})

function judge(name: string, looked: Record<string, unknown>, declared: Partial<Declared> = {}, entry: Partial<BackupEntry> = {}): Verdict {
  const check = checks.get(name)
  if (check === undefined) throw new Error(`no check ${name}`)
  const backups = [{ id: 'x', dir: '/b', files: { file: { name: 'db-{stamp}.sql', ...declared } }, ...entry }]
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups }), { sha256: '0'.repeat(64) })
  const subject = check.subjects(target)[0]
  if (subject === undefined) throw new Error(`${name} has no subject`)
  expect(check.reproduce(subject, target)).toMatch(/\S/)
  const verdict = check.judge(looked as never, { target, subject, now: NOW, options: check.options })
  if ('code' in verdict && !verdict.code.startsWith('run.')) expect(Object.keys(check.codes)).toContain(verdict.code)
  if (verdict.outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(0)
  return verdict
}
const outcome = (verdict: Verdict): string => ('code' in verdict ? `${verdict.outcome} ${verdict.code}` : verdict.outcome)

test('there are checks, and without `backups` each says so', () => {
  expect(checks.size).toBe(22)
  const target = normaliseTarget(targetSchema.parse({ domain: 'example.com' }), { sha256: '0'.repeat(64) })
  for (const check of checks.values()) expect([check.id, check.subjects(target), check.unless.skip]).toEqual([check.id, [], 'not-declared'])
})

const ONE = [...checks.keys()].filter((name) => name !== 'globals')
test.each(ONE)('%s: no file is no verdict, an encrypted one needs a key, a stream that is cut hides everything', (name) => {
  const declared: Partial<Declared> = { database: 'shop', largeObjects: true, members: { db: '*' } }
  const entry = { restoreVersion: '15.18' }
  const of = (one: ArtifactFacts | undefined) =>
    outcome(judge(name, { artifact: one === undefined ? undefined : seenOf(one), previous: one === undefined ? undefined : seenOf(one) }, declared, entry))
  expect(of(undefined)).toBe('inconclusive run.unobserved')
  if (name === 'format' || name === 'stream-decodes') return
  expect(of(facts({ format: 'age' }))).toBe('skip')
  expect(of(dump({}, { layers: ['gzip'], stream: CUT }))).toBe('inconclusive run.unobserved')
})

describe.each<[string, Partial<Declared>, Partial<BackupEntry>, readonly (readonly [string, ArtifactFacts, string])[]]>([
  [
    'format',
    { kind: 'postgres' },
    {},
    [
      ['as declared', dump(), 'pass'],
      ['an archive as well', archive(), 'pass'],
      ['text', facts({ format: 'text' }), 'fail artifact.kind'],
      ['another database', facts({ format: 'sqlite' }), 'fail artifact.kind'],
      ['.gz, and compressed', dump({}, { name: 'db.sql.gz', layers: ['gzip'], stream: { complete: true } }), 'pass'],
      ['.gz, and not compressed', dump({}, { name: 'db.sql.gz' }), 'fail artifact.compression'],
      ['.lz4, and compressed', dump({}, { name: 'db.sql.lz4', layers: ['lz4'], stream: { complete: true } }), 'pass'],
      ['.lz4, and not compressed', dump({}, { name: 'db.sql.lz4' }), 'fail artifact.compression'],
      ['compressed, and no .gz', dump({}, { layers: ['gzip'], stream: { complete: true } }), 'fail artifact.compression'],
      ['cut before its kind can be known', facts({ name: 'db.sql.gz', format: 'empty', layers: ['gzip'], stream: CUT }), 'pass'],
    ],
  ],
  [
    'format',
    {},
    {},
    [
      ['the ending is right', dump(), 'pass'],
      ['the ending lies', facts({ format: 'text' }), 'fail artifact.ending'],
      ['no ending, and nobody knows', facts({ name: 'backup', format: 'unknown' }), 'fail artifact.unknown'],
      ['no ending, and known', facts({ name: 'backup', format: 'zip' }), 'pass'],
      ['a member of no bytes is for another check', tar({}, { members: [facts({ name: 'env', format: 'empty' })] }), 'pass'],
    ],
  ],
  [
    'format',
    { kind: 'globals' },
    {},
    [
      ['roles', dump({ scope: 'globals' }), 'pass'],
      ['a database', dump(), 'fail artifact.kind'],
    ],
  ],
  [
    'stream-decodes',
    {},
    {},
    [
      ['whole', dump({}, { layers: ['gzip'], stream: { complete: true } }), 'pass'],
      ['cut', dump({}, { layers: ['gzip'], stream: CUT }), 'fail artifact.stream.cut'],
      ['damaged', dump({}, { layers: ['gzip'], stream: { complete: false, kind: 'corrupt' } }), 'fail artifact.stream.corrupt'],
      ['a bomb', dump({}, { layers: ['gzip'], stream: { complete: false, kind: 'bomb' } }), 'fail artifact.stream.bomb'],
      ['needs too large a window', dump({}, { layers: ['zstd'], stream: { complete: false, kind: 'unreadable' } }), 'fail artifact.stream.unreadable'],
      ['rubbish after it', dump({}, { layers: ['gzip'], stream: { complete: true, kind: 'trailing' } }), 'warn artifact.stream.trailing'],
      ['a member is cut', tar({}, { members: [facts({ layers: ['gzip'], stream: CUT })] }), 'fail artifact.stream.cut'],
      ['not compressed', dump(), 'skip'],
    ],
  ],
  [
    'archive-decodes',
    {},
    {},
    [
      ['whole', archive(), 'pass'],
      ['cut', archive({}, { reading: CUT }), 'fail artifact.archive.cut'],
      ['damaged', archive({}, { reading: { complete: false, kind: 'corrupt' } }), 'fail artifact.archive.corrupt'],
      ['LZ4', archive({}, { reading: { complete: false, kind: 'unreadable' } }), 'fail artifact.archive.unreadable'],
      ['statements', dump(), 'skip'],
    ],
  ],
  [
    'plain-complete',
    {},
    {},
    [
      ['whole', dump(), 'pass'],
      ['cut', dump({ open: 'COPY public.users', endMark: false }), 'fail artifact.dump.cut'],
      ['no closing comment', dump({ endMark: false }), 'fail artifact.dump.unfinished'],
      ['\\restrict not lifted', dump({ restrict: { closed: false } }), 'fail artifact.dump.restrict'],
      ['before \\restrict', without('restrict'), 'pass'],
      ['a tool without a closing mark', dump({ engine: 'unknown', endMark: false }, { format: 'sql' }), 'pass'],
      ['a member is cut', tar({}, { members: [dump({ open: 'statement' })] }), 'fail artifact.dump.cut'],
      ['an archive', archive(), 'skip'],
    ],
  ],
  [
    'has-data',
    { nonEmpty: ['users'], withoutData: ['public.cache'] },
    {},
    [
      ['rows', dump(), 'pass'],
      ['none', dump({ tables: [{ name: 'public.users', defined: true, data: true, rows: 0 }] }), 'fail artifact.no-rows'],
      [
        'none of the users',
        dump({
          tables: [
            { name: 'public.users', defined: true, data: true, rows: 0 },
            { name: 'x', defined: true, data: true, rows: 5 },
          ],
        }),
        'fail artifact.table-empty',
      ],
      ['another table ends alike', dump({ tables: [{ name: 'public.old_users', defined: true, data: true, rows: 9 }] }), 'fail artifact.table-empty'],
      [
        'a table without data',
        dump({ tables: [...DUMP.tables, { name: 'public.t', defined: true, data: false, rows: undefined }] }),
        'fail artifact.data-missing',
      ],
      ['a table without data on purpose', dump({ tables: [...DUMP.tables, { name: 'public.cache', defined: true, data: false, rows: undefined }] }), 'pass'],
      [
        'an empty table where rows come as INSERT',
        dump({ copies: false, tables: [...DUMP.tables, { name: 'public.t', defined: true, data: false, rows: undefined }] }),
        'pass',
      ],
      ['roles alone', dump({ scope: 'globals', tables: [] }), 'skip'],
      ['a dump that is cut', dump({ open: 'quote' }), 'inconclusive run.unobserved'],
      ['SQLite', sqlite(), 'pass'],
      ['SQLite without a row', sqlite({ integrity: { ok: true, problems: 0, foreignKeyProblems: 0, tables: [] } }), 'fail artifact.no-rows'],
    ],
  ],
  [
    'right-database',
    { database: 'shop', requiredTables: ['users', 'public.log'] },
    {},
    [
      ['it', dump({ database: 'shop' }), 'pass'],
      ['another', dump({ database: 'postgres' }), 'fail artifact.wrong-database'],
      ['one of a cluster', dump({ databases: ['a', 'shop'] }), 'pass'],
      ['no name, the tables', dump(), 'pass'],
      ['a table is missing', dump({ tables: DUMP.tables.slice(0, 1) }), 'fail artifact.table-missing'],
      ['rows of a table that is not made', dump({ tables: DUMP.tables.map((table) => ({ ...table, defined: false })) }), 'fail artifact.table-missing'],
      ['a dump that is cut', dump({ open: 'statement', tables: [] }), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'rls-filtered',
    {},
    {},
    [
      ['off', dump(), 'pass'],
      ['on', dump({ rowSecurity: 'on' }), 'fail artifact.row-security'],
      ['not said', without('rowSecurity'), 'skip'],
    ],
  ],
  [
    'client-version',
    {},
    { restoreVersion: '15.18' },
    [
      ['the same', dump(), 'pass'],
      ['older', dump({ dumperVersion: '13.2' }), 'pass'],
      ['newer', dump({ dumperVersion: '17.2' }), 'fail artifact.newer-tool'],
      ['a later release of the same', dump({ dumperVersion: '15.99' }), 'pass'],
      ['not said', without('dumperVersion'), 'skip'],
    ],
  ],
  [
    'restrict-compatible',
    {},
    { restoreVersion: '15.13' },
    [
      ['\\restrict', dump(), 'fail artifact.restrict-unknown'],
      ['without it', without('restrict'), 'skip'],
    ],
  ],
  ['restrict-compatible', {}, { restoreVersion: '15.14' }, [['known since', dump(), 'pass']]],
  ['restrict-compatible', {}, { restoreVersion: '18' }, [['every release of 18', dump(), 'pass']]],
  ['restrict-compatible', {}, { restoreVersion: '12.22' }, [['never known', dump(), 'fail artifact.restrict-unknown']]],
  ['restrict-compatible', {}, { restoreVersion: '15' }, [['the minor version is not declared', dump(), 'skip']]],
  [
    'known-dumper',
    {},
    {},
    [
      ['pg_dump', dump(), 'pass'],
      ['nobody', without('dumper'), 'warn artifact.unknown-tool'],
      ['an archive', archive(), 'skip'],
    ],
  ],
  [
    'large-objects',
    { largeObjects: true },
    {},
    [
      ['one', dump(), 'pass'],
      ['none', dump({ objects: noObjects() }), 'fail artifact.no-large-objects'],
      ['cut', dump({ objects: noObjects(), open: 'quote' }), 'inconclusive run.unobserved'],
    ],
  ],
  [
    'encoding',
    {},
    { encoding: 'utf-8' },
    [
      ['UTF8 is utf-8', dump(), 'pass'],
      ['none', dump({ encoding: 'SQL_ASCII' }), 'fail artifact.sql-ascii'],
      ['another', dump({ encoding: 'LATIN1' }), 'fail artifact.encoding-differs'],
      ['not said', without('encoding'), 'skip'],
    ],
  ],
  [
    'dangerous-sql',
    {},
    {},
    [
      ['nothing', dump(), 'pass'],
      ['connects to its own database', dump({ dangers: [{ kind: 'connect', line: 4 }] }), 'pass'],
      [
        'a shell',
        dump({
          dangers: [
            { kind: 'job', line: 2 },
            { kind: 'shell', line: 4 },
          ],
        }),
        'fail artifact.runs-commands',
      ],
      ['a program', dump({ dangers: [{ kind: 'program', line: 4 }] }), 'fail artifact.runs-commands'],
      ['a job', dump({ dangers: [{ kind: 'job' }] }), 'warn artifact.reaches-out'],
    ],
  ],
  [
    'tar-decodes',
    {},
    {},
    [
      ['whole', tar(), 'pass'],
      ['cut', tar({}, { reading: CUT }), 'fail artifact.tar.cut'],
      ['damaged', tar({}, { reading: { complete: false, kind: 'corrupt' } }), 'fail artifact.tar.corrupt'],
      ['bytes after it', tar({}, { reading: { complete: true, kind: 'trailing' } }), 'warn artifact.tar.trailing'],
      ['no file', tar({ files: 0 }), 'fail artifact.tar.empty'],
      ['a dump', dump(), 'skip'],
    ],
  ],
  [
    'tar-safe',
    {},
    {},
    [
      ['all within', tar(), 'pass'],
      ['climbs', tar({ hostile: [{ name: '../x', kind: 'climbing' }], hostileCount: 1 }), 'fail artifact.tar.climbs'],
      ['absolute', tar({ hostile: [{ name: '/x', kind: 'absolute' }], hostileCount: 1 }), 'fail artifact.tar.climbs'],
      ['a link', tar({ hostile: [{ name: 'x', kind: 'link' }], hostileCount: 1 }), 'fail artifact.tar.link'],
      ['a device', tar({ hostile: [{ name: 'x', kind: 'device' }], hostileCount: 1 }), 'fail artifact.tar.device'],
    ],
  ],
  [
    'compound-members',
    { members: { db: { path: '**/*.dump' }, config: 'env/.env' } },
    {},
    [
      ['each once', tar(), 'pass'],
      ['missing', tar({ names: ['db/a.dump'] }), 'fail artifact.member-missing'],
      ['twice', tar({ names: ['db/a.dump', 'db/b.dump', 'env/.env'] }), 'fail artifact.member-ambiguous'],
      ['empty', tar({ emptyNames: ['env/.env'] }), 'fail artifact.member-empty'],
      ['no archive', dump(), 'skip'],
    ],
  ],
  [
    'sqlite-length',
    {},
    {},
    [
      ['right', sqlite(), 'pass'],
      ['short', sqlite({}, { decodedBytes: 4096 }), 'fail artifact.sqlite.length'],
      ['long', sqlite({}, { decodedBytes: 8193 }), 'fail artifact.sqlite.length'],
      ['no count of pages, whole pages', sqlite({ expectedBytes: 0 }), 'pass'],
      ['no count of pages, half a page', sqlite({ expectedBytes: 0 }, { decodedBytes: 8000 }), 'fail artifact.sqlite.length'],
      ['no header', facts({ name: 'app.db', format: 'sqlite' }), 'fail artifact.sqlite.header'],
    ],
  ],
  [
    'sqlite-wal',
    {},
    {},
    [
      ['no WAL', sqlite(), 'pass'],
      ['WAL, alone', sqlite({ wal: true }), 'fail artifact.sqlite.without-wal'],
      ['WAL, with its log', sqlite({ wal: true, walBeside: true }), 'pass'],
      ['in an archive with its log', tar({ names: ['app.db', 'app.db-wal'] }, { members: [sqlite({ wal: true })] }), 'pass'],
      ['in an archive without', tar({ names: ['app.db'] }, { members: [sqlite({ wal: true })] }), 'fail artifact.sqlite.without-wal'],
    ],
  ],
  [
    'sqlite-integrity',
    {},
    {},
    [
      ['in order', sqlite(), 'pass'],
      ['damaged', sqlite({ integrity: { ok: false, problems: 3, foreignKeyProblems: 0, tables: [] } }), 'fail artifact.sqlite.damaged'],
      ['so damaged that it cannot be opened', unasked('database disk image is malformed'), 'fail artifact.sqlite.damaged'],
      ['orphans', sqlite({ integrity: { ok: true, problems: 0, foreignKeyProblems: 2, tables: [] } }), 'warn artifact.sqlite.orphans'],
      ['too large to be asked', unasked('larger than 1 bytes'), 'inconclusive run.unobserved'],
      ['of the wrong length', unasked(), 'skip'],
    ],
  ],
  [
    'redis-decodes',
    {},
    {},
    [
      ['a snapshot', facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'right' } }), 'pass'],
      ['one of many keys', facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'right', keys: { total: 40, expiring: 39 } } }), 'pass'],
      [
        'one of an empty server',
        facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'right', keys: { total: 0, expiring: 0 } } }),
        'warn artifact.redis.few-keys',
      ],
      ['without a checksum', facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'off' } }), 'warn artifact.redis.unchecked'],
      [
        'another checksum',
        facts({ format: 'rdb', reading: { complete: false, kind: 'corrupt' }, redis: { kind: 'rdb', checksum: 'wrong' } }),
        'fail artifact.redis.corrupt',
      ],
      ['cut', facts({ format: 'rdb', reading: CUT, redis: { kind: 'rdb', checksum: 'absent' } }), 'fail artifact.redis.cut'],
      ['a log', facts({ format: 'aof', redis: { kind: 'aof', checksum: 'right', commands: 3 } }), 'pass'],
      ['a log after a snapshot, of no command yet', facts({ format: 'aof', redis: { kind: 'aof', checksum: 'right', commands: 0, after: 'rdb' } }), 'pass'],
      [
        'a log after a snapshot without a checksum',
        facts({ format: 'aof', redis: { kind: 'aof', checksum: 'off', commands: 2, after: 'rdb' } }),
        'warn artifact.redis.unchecked',
      ],
      ['an empty log', facts({ format: 'aof', redis: { kind: 'aof', checksum: 'absent', commands: 0 } }), 'fail artifact.redis.empty'],
    ],
  ],
  [
    'redis-decodes',
    {},
    { drill: { minKeys: 20 } },
    [
      ['as many keys as declared', facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'right', keys: { total: 20, expiring: 0 } } }), 'pass'],
      [
        'fewer keys than declared',
        facts({ format: 'rdb', redis: { kind: 'rdb', version: 11, checksum: 'right', keys: { total: 19, expiring: 0 } } }),
        'fail artifact.redis.few-keys',
      ],
      ['keys that nobody could count', facts({ format: 'rdb', redis: { kind: 'rdb', version: 99, checksum: 'right' } }), 'pass'],
    ],
  ],
])('%s, %o, %o', (name, declared, entry, cases) => {
  test.each(cases)('%s', (_case, one, expected) => {
    expect(outcome(judge(name, { artifact: seenOf(one) }, declared, entry))).toBe(expected)
  })
})

describe('scope-complete', () => {
  const objects = { ...DUMP.objects, indexes: 0 }
  test.each<[string, ArtifactFacts, ArtifactFacts | undefined, string]>([
    ['as before', dump(), dump(), 'pass'],
    ['more than before', dump(), dump({ objects }), 'pass'],
    ['fewer indexes', dump({ objects: { ...DUMP.objects, indexes: 1 } }), dump(), 'pass'],
    ['no index any more', dump({ objects }), dump(), 'fail artifact.scope.kind-lost'],
    ['a table less', dump({ tables: DUMP.tables.slice(0, 1) }), dump(), 'warn artifact.scope.tables-lost'],
    ['the one before was cut', dump(), dump({ open: 'quote' }), 'skip'],
    ['it is cut itself', dump({ open: 'quote' }), dump(), 'inconclusive run.unobserved'],
    ['no one before', dump(), undefined, 'skip'],
  ])('%s', (_name, now, then, expected) => {
    expect(outcome(judge('scope-complete', { artifact: seenOf(now), previous: then === undefined ? undefined : seenOf(then) }))).toBe(expected)
  })
})

describe('globals', () => {
  const ok = (one: ArtifactFacts | undefined) => ({ ok: true, value: one === undefined ? undefined : seenOf(one), startedAt: '', durationMs: 1, attempts: 1 })
  test.each<[string, readonly ArtifactFacts[], Partial<BackupEntry>, string]>([
    ['made by another file of the set', [dump(), dump({ rolesNamed: [], rolesCreated: ['shop'] })], {}, 'pass'],
    ['made by nothing', [dump()], {}, 'fail artifact.roles-missing'],
    ['declared', [dump()], { roles: ['shop'] }, 'pass'],
    ['made within the archive', [tar({}, { members: [dump(), dump({ rolesCreated: ['shop'] })] })], {}, 'pass'],
    ['the superuser exists everywhere', [dump({ rolesNamed: ['postgres', 'pg_read_all_data'] })], {}, 'skip'],
    ['no dump', [sqlite()], {}, 'skip'],
    ['a file that is cut', [dump(), dump({}, { layers: ['gzip'], stream: CUT })], {}, 'inconclusive run.unobserved'],
  ])('%s', (_name, all, entry, expected) => {
    const looked = Object.fromEntries(all.map((one, index) => [`file${index === 0 ? '' : index}`, ok(one)]))
    expect(outcome(judge('globals', looked, {}, entry))).toBe(expected)
  })
})

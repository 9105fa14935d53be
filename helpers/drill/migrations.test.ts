/** Tables of each migration tool beside its files, asked of a real database. */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import type { DrillFile } from '../target/drill.ts'
import { alembicRevisions, flywayChecksum, migrationsOf } from './migrations.ts'
import type { Migrations } from './observation.ts'

const root = mkdtempSync(join(tmpdir(), 'postproof-migrations-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

type Tool = NonNullable<DrillFile['migrations']>['tool']
let count = 0
async function look(tool: Tool, tables: string, files: Readonly<Record<string, string>> | undefined): Promise<string> {
  const folder = join(root, String((count += 1)))
  mkdirSync(folder)
  for (const [name, text] of Object.entries(files ?? {})) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const db = new DatabaseSync(':memory:')
  db.exec(tables)
  const facts = await migrationsOf({ tool }, files === undefined ? undefined : folder, (sql) => {
    try {
      return Promise.resolve(
        db
          .prepare(sql)
          .all()
          .map((row) => String(Object.values(row)[0])),
      )
    } catch (error) {
      return Promise.resolve((error as Error).message)
    }
  })
  db.close()
  return words(facts)
}
const words = ({ applied, unfinished, changed, compared, unread }: Migrations): string =>
  unread ??
  [
    `${applied} applied`,
    ...(unfinished.length === 0 ? [] : [`unfinished ${unfinished.join()}`]),
    ...(changed.length === 0 ? [] : [`changed ${changed.join()}`]),
    ...(compared === undefined ? ['not compared'] : []),
    ...(compared === undefined || compared.missing.length === 0 ? [] : [`missing ${compared.missing.join()}`]),
    ...(compared === undefined || compared.unexpected.length === 0 ? [] : [`unknown ${compared.unexpected.join()}`]),
  ].join('; ')

const sha = (text: string): string => createHash('sha256').update(text).digest('hex')
const PRISMA = (rows: string): string =>
  `create table "_prisma_migrations" (migration_name text, checksum text, finished_at text, rolled_back_at text); insert into "_prisma_migrations" values ${rows}`
const prisma = { '1_init/migration.sql': 'create table a();\n', '2_more/migration.sql': 'create table b();\n', 'migration_lock.toml': 'x' }
const A = `('1_init', '${sha('create table a();\n')}', 'now', null)`
const B = `('2_more', '${sha('create table b();\n')}', 'now', null)`

const revision = (name: string, before: string): string =>
  `"""text"""\nfrom alembic import op\n\nrevision: str = '${name}'\ndown_revision: Union[str, None] = ${before}\n`
const alembic = {
  'env.py': 'x = 1',
  'versions/a.py': revision('aa', 'None'),
  'versions/b.py': revision('bb', "'aa'"),
  'versions/c.py': revision('cc', "('bb', 'aa')"),
}
const ALEMBIC = (...rows: readonly string[]): string =>
  `create table alembic_version (version_num text); ${rows.map((row) => `insert into alembic_version values ('${row}');`).join('')}`

const PAYLOAD = (rows: string): string => `create table payload_migrations (name text, batch int); insert into payload_migrations values ${rows}`
const payload = { '20260101_init.ts': '', '20260101_init.json': '', '20260201_more.ts': '', 'index.ts': '' }

const DJANGO = (...names: readonly string[]): string =>
  `create table django_migrations (app text, name text); ${names.map((name) => `insert into django_migrations values ('${name.split('.').join("', '")}');`).join('')}`
const django = {
  'shop/orders/migrations/0001_initial.py': '',
  'shop/orders/migrations/0003_total.py': '',
  'shop/orders/migrations/__init__.py': '',
  'venv/x/migrations/0009_x.py': '',
}

const FLYWAY = (rows: string): string =>
  `create table flyway_schema_history (installed_rank int, type text, script text, checksum int, success bool); insert into flyway_schema_history values ${rows}`
const flyway = { 'V1__init.sql': 'create table a();\ncreate table b();\n', 'sub/V2__more.sql': 'select 1;', 'R__views.sql': 'select 3;', 'notes.sql': '' }
const row = (rank: number, script: string, text: string, success = 1): string => `(${rank}, 'SQL', '${script}', ${flywayChecksum(text)}, ${success})`
const FLYWAY_WHOLE = [
  row(2, 'V1__init.sql', flyway['V1__init.sql']),
  row(3, 'sub/V2__more.sql', 'select 1;'),
  row(4, 'R__views.sql', 'select 2;'),
  row(5, 'R__views.sql', 'select 3;'),
]

test.each<[string, Tool, string, Readonly<Record<string, string>> | undefined, string]>([
  ['prisma: all', 'prisma', PRISMA(`${A}, ${B}`), prisma, '2 applied'],
  ['prisma: nothing to compare with', 'prisma', PRISMA(A), undefined, '1 applied; not compared'],
  ['prisma: one is missing', 'prisma', PRISMA(A), prisma, '1 applied; missing 2_more'],
  ['prisma: one is unknown', 'prisma', PRISMA(`${A}, ${B}, ('3_x', '', 'now', null)`), prisma, '3 applied; unknown 3_x'],
  ['prisma: half applied', 'prisma', PRISMA(`${A}, ('2_more', '', null, null)`), prisma, '1 applied; unfinished 2_more; missing 2_more'],
  ['prisma: rolled back', 'prisma', PRISMA(`${A}, ${B}, ('2_more', '', null, 'then')`), prisma, '2 applied'],
  ['prisma: edited', 'prisma', PRISMA(`${A}, ('2_more', '${sha('other')}', 'now', null)`), prisma, '2 applied; changed 2_more'],
  ['prisma: other line ends', 'prisma', PRISMA(`${A}, ${B}`), { ...prisma, '2_more/migration.sql': 'create table b();\r\n' }, '2 applied'],
  ['alembic: at the head', 'alembic', ALEMBIC('cc'), alembic, '1 applied'],
  ['alembic: behind', 'alembic', ALEMBIC('aa'), alembic, '1 applied; missing bb,cc'],
  ['alembic: ahead of the code', 'alembic', ALEMBIC('dd'), alembic, '1 applied; missing aa,bb,cc; unknown dd'],
  ['alembic: none', 'alembic', ALEMBIC(), alembic, '0 applied; missing aa,bb,cc'],
  ['payload: all', 'payload', PAYLOAD("('20260101_init', 1), ('20260201_more', 2)"), payload, '2 applied'],
  [
    'payload: pushed from a developer machine',
    'payload',
    PAYLOAD("('20260101_init', 1), ('20260201_more', 2), ('dev', -1)"),
    payload,
    '2 applied; unfinished dev',
  ],
  ['payload: one is missing', 'payload', PAYLOAD("('20260101_init', 1)"), payload, '1 applied; missing 20260201_more'],
  ['django: all, with applications from packages', 'django', DJANGO('auth.0012_alter', 'orders.0001_initial', 'orders.0003_total'), django, '3 applied'],
  ['django: what was squashed long ago', 'django', DJANGO('orders.0001_initial', 'orders.0002_gone', 'orders.0003_total'), django, '3 applied'],
  ['django: one is missing', 'django', DJANGO('orders.0001_initial'), django, '1 applied; missing orders.0003_total'],
  ['django: ahead of the code', 'django', DJANGO('orders.0001_initial', 'orders.0003_total', 'orders.0004_new'), django, '3 applied; unknown orders.0004_new'],
  [
    'flyway: all, one of them again, and a baseline',
    'flyway',
    FLYWAY(["(1, 'BASELINE', '<< Flyway Baseline >>', null, 1)", ...FLYWAY_WHOLE].join()),
    flyway,
    '4 applied',
  ],
  ['flyway: failed', 'flyway', FLYWAY([...FLYWAY_WHOLE, row(6, 'V3__x.sql', '', 0)].join()), flyway, '4 applied; unfinished V3__x.sql'],
  ['flyway: edited', 'flyway', FLYWAY(FLYWAY_WHOLE.join()), { ...flyway, 'V1__init.sql': 'create table c();' }, '4 applied; changed V1__init.sql'],
  [
    'flyway: other line ends',
    'flyway',
    FLYWAY(FLYWAY_WHOLE.join()),
    { ...flyway, 'V1__init.sql': '\uFEFFcreate table a();\r\ncreate table b();' },
    '4 applied',
  ],
  ['knex: all', 'knex', "create table knex_migrations (name text); insert into knex_migrations values ('1_a.js')", { '1_a.js': '' }, '1 applied'],
  ['rails: behind', 'rails', 'create table schema_migrations (version text)', { '20260101000000_a.rb': '' }, '0 applied; missing 20260101000000'],
  [
    'typeorm: all',
    'typeorm',
    "create table migrations (name text); insert into migrations values ('Init1700000000000')",
    { '1700000000000-Init.ts': '' },
    '1 applied',
  ],
  [
    'drizzle: all',
    'drizzle',
    `create table "__drizzle_migrations" (hash text); insert into "__drizzle_migrations" values ('${sha('x')}')`,
    { '0000_a.sql': 'x', 'meta/_journal.json': '' },
    '1 applied',
  ],
  [
    'drizzle: edited',
    'drizzle',
    `create table "__drizzle_migrations" (hash text); insert into "__drizzle_migrations" values ('aa')`,
    { '0000_a.sql': 'x' },
    '1 applied; missing 0000_a; unknown aa',
  ],
  ['no table', 'knex', '', undefined, 'knex_migrations: no such table: knex_migrations'],
  ['a folder of another tool', 'prisma', PRISMA(A), alembic, 'the declared folder holds no migration of prisma'],
])('%s', async (_name, tool, tables, files, expected) => {
  expect(await look(tool, tables, files)).toBe(expected)
})

test('a folder that is not there is told', async () => {
  expect(words(await migrationsOf({ tool: 'knex' }, join(root, 'nowhere'), () => Promise.resolve([])))).toBe(
    'the folder of the migrations cannot be read (ENOENT)',
  )
})
test('declared names stand in for a folder', async () => {
  expect(words(await migrationsOf({ tool: 'knex', applied: ['a', 'b'] }, undefined, () => Promise.resolve(['a'])))).toBe('1 applied; missing b')
})
test('revisions that merge, and those of another quoting', () => {
  expect([...alembicRevisions(['revision = "x"\ndown_revision = None', "revision='y'\ndown_revision=('x', \"w\")", 'nothing'])]).toEqual([
    ['x', []],
    ['y', ['x', 'w']],
  ])
})

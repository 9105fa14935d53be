import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { DrillObservation, PostgresFacts, RestoredDatabase } from '../../helpers/drill/observation.ts'
import { noObjects } from '../../helpers/artifact/facts.ts'
import { type BackupEntry, normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'

const checks = new Map<string, Check>()
/** Judged by what else than a drill was seen: in tables of their own. */
const ELSEWHERE = /^(?:rpo-worst|rto-trend|rpo-trend|rows-vs-baseline|table-checksum|extensions-match)\.check\.ts$/
for (const suite of ['restore', 'recovery', 'drill']) {
  const folder = join(import.meta.dirname, '..', suite)
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.check.ts') && !ELSEWHERE.test(name))) {
    const { default: check } = (await import(join(folder, file))) as { readonly default: Check }
    checks.set(check.id, check)
  }
}

const entry = (drill: BackupEntry['drill'] = {}): BackupEntry => ({
  id: 'nightly',
  dir: '/backups',
  files: { database: { name: 'shop-{stamp}.sql.gz', kind: 'postgres' } },
  encoding: 'UTF8',
  drill: {
    minRows: { users: 2 },
    minKeys: 3,
    heartbeat: ['orders.at'],
    queries: [{ id: 'q', sql: 'select 1', equals: 1 }],
    writes: [{ id: 'w', sql: 'insert' }],
    migrations: { tool: 'prisma' },
    files: [{ table: 'uploads', path: 'path', from: 'uploads' }],
    application: { image: 'shop:1', port: 3000, smoke: [{ id: 's', path: '/' }] },
    secretsMatch: [{ id: 'k', secret: 'key', sql: 'select true' }],
    requiredKeys: ['A'],
    objectives: { rtoMinutes: 10, rpoHours: 24, humanOverheadMinutes: 2 },
    liveIdentifier: '7000000000000000001',
    ...drill,
  },
})
const same = { expected: 2, missing: [], unexpected: [] } as const
const facts: PostgresFacts = {
  relationsBefore: 0,
  systemIdentifier: '7000000000000000002',
  encoding: 'UTF8',
  extensionsMissing: [],
  extensions: ['citext'],
  rolesInvented: [],
  objects: noObjects(),
  objectsExpected: { ...noObjects(), largeObjects: 1 },
  indexesInvalid: [],
  constraintsNotValidated: { expected: 0, missing: [], unexpected: [] },
  references: { checked: 2, orphans: [], unread: [] },
  sequences: [{ name: 'public.users_id_seq', column: 'users.id', next: '3', highest: '2', ahead: true }],
  matviews: { checked: 1, empty: [] },
  partitions: { tables: ['events'], homeless: [], gaps: [] },
  owners: same,
  grants: same,
  policies: same,
  triggers: same,
  definitions: same,
  largeObjects: { count: 1, dangling: 0, referencing: 1 },
  text: { columns: 2, invalid: [] },
  btree: { checked: 3, damaged: [] },
}
const database: RestoredDatabase = {
  label: 'shop.sql.gz',
  role: 'database',
  kind: 'postgres',
  engine: { name: 'native', version: '15.18' },
  basis: { kind: 'measured', why: 'the version that runs live' },
  bytes: 1000,
  decodedBytes: 9000,
  restoreMs: 900,
  stages: [
    { tool: 'gzip', exit: 0 },
    { tool: 'psql', exit: 0 },
  ],
  errors: [],
  tables: [
    { name: 'public.users', expected: 2, rows: 2 },
    { name: 'public.empty', expected: 0, rows: 0 },
  ],
  queries: [{ id: 'q', expected: '= 1', received: '1', right: true }],
  writes: [{ id: 'w', expected: 'accepted, and rolled back', received: 'accepted', right: true }],
  newest: [{ column: 'orders.at', at: '2026-11-20T02:25:00Z' }],
  migrations: { tool: 'prisma', applied: 2, unfinished: [], changed: [], compared: same },
  references: [
    {
      name: 'uploads.path',
      from: 'uploads.tar.gz',
      rows: 4,
      sampled: 4,
      lost: 0,
      later: 0,
      empty: 0,
      differing: 0,
      compared: 4,
      orphans: 0,
      files: 4,
      unreadable: 0,
    },
  ],
  extensionsExpected: ['citext'],
  postgres: facts,
}
const { postgres: _postgres, ...bare } = database
const sqlite: RestoredDatabase = {
  ...bare,
  label: 'app.db',
  kind: 'sqlite',
  sqlite: { integrity: [], foreignKeyProblems: 0, wal: false },
  tables: [],
  references: [],
}
const redis: RestoredDatabase = {
  ...bare,
  label: 'cache.rdb',
  kind: 'redis',
  redis: { keys: 5, types: ['string'] },
  tables: [],
  queries: [],
  writes: [],
  newest: [],
  references: [],
  stages: [{ tool: 'redis-server', exit: 0 }],
}
const healthy: DrillObservation = {
  entry: 'nightly',
  runId: 'r',
  artifacts: [],
  startedAt: '2026-11-20T08:30:00Z',
  set: { at: '2026-11-20T02:30:00Z', basis: 'name' },
  phases: [{ name: 'restore', detail: 'shop.sql.gz', startMs: 0, endMs: 900, done: true }],
  usableMs: 60_000,
  databases: [database, sqlite, redis],
  application: {
    image: 'shop:1',
    health: '/',
    received: 'status 200',
    bootedMs: 1200,
    migrations: 0,
    smoke: [{ id: 's', expected: '200 of /', received: '200', right: true }],
    logs: [],
  },
  keys: [{ id: 'k', expected: 'it opens what is stored', received: 'it opens it', right: true }],
  configs: [{ label: 'full.tar.gz: .env', keysMissing: [], keysRequired: 1 }],
  certificates: [{ label: 'full.tar.gz: site.pem', notAfter: '2027-01-01T00:00:00Z', keyMatches: true }],
  notRestored: [],
  isolation: [{ label: 'shop.sql.gz', interfaces: [], routes: 0 }],
  live: { reached: ['a socket in the work folder of the drill'], identifier: '7000000000000000001' },
  cleanup: { made: ['work folder'], left: [], swept: [] },
}
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [entry()] }), { sha256: '0' })
function judge(id: string, drill: DrillObservation, given: BackupEntry = entry()): Verdict {
  const check = checks.get(id)
  if (check === undefined) throw new RangeError(`there is no check ${id}`)
  return check.judge({ drill, earlier: { drills: [], passedOver: 0 } } as never, {
    target,
    subject: { name: given.id, item: given },
    now: new Date('2026-11-20T08:30:00Z'),
    options: check.options,
  })
}
const withFacts = (change: Partial<PostgresFacts>): DrillObservation => ({
  ...healthy,
  databases: [{ ...database, postgres: { ...facts, ...change } }, sqlite, redis],
})
const withDatabase = (change: Partial<RestoredDatabase>): DrillObservation => ({ ...healthy, databases: [{ ...database, ...change }, sqlite, redis] })
type Application = NonNullable<DrillObservation['application']>
function withApplication(change: { readonly [Key in keyof Application]?: Application[Key] | undefined }): DrillObservation {
  const { bootedMs, migrations, notBooted, ...rest } = { ...(healthy.application as Application), ...change }
  return {
    ...healthy,
    application: {
      ...(rest as Application),
      ...(bootedMs === undefined ? {} : { bootedMs }),
      ...(migrations === undefined ? {} : { migrations }),
      ...(notBooted === undefined ? {} : { notBooted }),
    },
  }
}
const lost = { expected: 2, missing: ['one'], unexpected: [] } as const
const reference = (change: object): DrillObservation =>
  withDatabase({ references: [{ ...(database.references[0] as object), ...change } as RestoredDatabase['references'][number]] })

test('every check of the drill passes on a healthy restore, with evidence', () => {
  expect(checks.size).toBe(44)
  for (const [id, check] of checks) {
    const verdict = judge(id, healthy)
    expect([id, verdict.outcome], JSON.stringify(verdict)).toEqual([id, 'pass'])
    expect(verdict.evidence.length, id).toBeGreaterThan(0)
    expect(check.reproduce({ name: 'nightly', item: entry() }, target), id).not.toContain('\n')
  }
})

const broken: readonly (readonly [string, DrillObservation, 'fail' | 'warn', string])[] = [
  ['restore/complete', { ...healthy, notRestored: [{ label: 'a.sql', why: 'cut', blame: 'artifact' }] }, 'fail', 'restore.not-restorable'],
  ['restore/complete', { ...healthy, databases: [] }, 'fail', 'restore.nothing-restored'],
  ['restore/target-empty', withFacts({ relationsBefore: 3 }), 'fail', 'restore.target-not-empty'],
  ['restore/target-empty', withFacts({ relationsBefore: Number.NaN }), 'fail', 'restore.target-not-empty'],
  ['restore/target-empty', withFacts({ systemIdentifier: '7000000000000000001' }), 'fail', 'restore.live-cluster'],
  [
    'restore/exit-status',
    withDatabase({
      stages: [
        { tool: 'gzip', exit: 1 },
        { tool: 'psql', exit: 0 },
      ],
    }),
    'fail',
    'restore.exit-status',
  ],
  ['restore/no-errors', withDatabase({ errors: [{ sqlstate: '42P01', message: 'relation "x" does not exist', count: 2 }] }), 'fail', 'restore.errors'],
  ['restore/roles-exist', withFacts({ rolesInvented: ['shop'] }), 'fail', 'restore.roles-invented'],
  ['restore/extensions-available', withFacts({ extensions: [] }), 'fail', 'restore.extension-not-restored'],
  [
    'restore/order-constraints',
    withDatabase({ errors: [{ sqlstate: '23505', message: 'could not create unique index', count: 1 }] }),
    'fail',
    'restore.constraint-violated',
  ],
  [
    'restore/search-path',
    withDatabase({ errors: [{ sqlstate: '42883', message: 'function rate() does not exist', count: 1 }] }),
    'fail',
    'restore.search-path',
  ],
  ['restore/schema-objects', withFacts({ definitions: lost }), 'fail', 'restore.objects-missing'],
  ['restore/rows-present', withDatabase({ tables: [{ name: 'public.users', expected: 2, rows: 0 }] }), 'fail', 'restore.table-empty'],
  ['restore/rows-present', withDatabase({ tables: [{ name: 'public.users', expected: 2 }] }), 'fail', 'restore.table-missing'],
  ['restore/rows-match-artifact', withDatabase({ tables: [{ name: 'public.users', expected: 2, rows: 1 }] }), 'fail', 'restore.rows-missing'],
  ['restore/rows-match-artifact', withDatabase({ tables: [{ name: 'public.users', expected: 2, rows: 3 }] }), 'fail', 'restore.rows-added'],
  ['restore/rows-match-artifact', withDatabase({ tables: [{ name: 'public.users', expected: 2 }] }), 'fail', 'restore.rows-missing'],
  ['restore/rows-minimum', withDatabase({ tables: [{ name: 'public.users', rows: 1 }] }), 'fail', 'restore.rows-below-minimum'],
  ['restore/indexes-valid', withFacts({ indexesInvalid: ['i'] }), 'fail', 'restore.index-invalid'],
  [
    'restore/constraints-validated',
    withFacts({ constraintsNotValidated: { expected: 0, missing: [], unexpected: ['c of t'] } }),
    'warn',
    'restore.constraint-not-validated',
  ],
  [
    'restore/constraints-validated',
    withFacts({ constraintsNotValidated: { expected: 1, missing: [], unexpected: [] } }),
    'warn',
    'restore.constraint-not-validated',
  ],
  ['restore/fk-valid', withFacts({ references: { checked: 2, orphans: [{ name: 'f', rows: 1 }], unread: [] } }), 'fail', 'restore.orphans'],
  ['restore/fk-valid', withFacts({ references: { checked: 2, orphans: [], unread: ['f'] } }), 'fail', 'restore.reference-unread'],
  [
    'restore/sequences-ahead',
    withFacts({ sequences: [{ name: 's', column: 't.id', next: '1', highest: '2', ahead: false }] }),
    'fail',
    'restore.sequence-behind',
  ],
  ['restore/matviews-populated', withFacts({ matviews: { checked: 1, empty: ['m'] } }), 'fail', 'restore.matview-empty'],
  ['restore/partitions-complete', withFacts({ partitions: { tables: ['e'], homeless: ['e'], gaps: [] } }), 'fail', 'restore.partition-for-now-missing'],
  ['restore/partitions-complete', withFacts({ partitions: { tables: ['e'], homeless: [], gaps: ['e: a to b'] } }), 'fail', 'restore.partition-gap'],
  ['restore/ownership', withFacts({ owners: lost }), 'fail', 'restore.owner-differs'],
  ['restore/grants', withFacts({ grants: lost }), 'fail', 'restore.grants-missing'],
  ['restore/rls-policies', withFacts({ policies: lost }), 'fail', 'restore.policy-missing'],
  ['restore/triggers-enabled', withFacts({ triggers: lost }), 'fail', 'restore.trigger-differs'],
  ['restore/triggers-enabled', withFacts({ triggers: { expected: 2, missing: [], unexpected: ['t: disable'] } }), 'fail', 'restore.trigger-differs'],
  ['restore/large-objects', withFacts({ largeObjects: { count: 1, dangling: 2, referencing: 1 } }), 'fail', 'restore.large-objects-missing'],
  ['restore/large-objects', withFacts({ largeObjects: { count: 0, dangling: 0, referencing: 1 } }), 'fail', 'restore.large-objects-missing'],
  ['restore/encoding-valid', withFacts({ text: { columns: 2, invalid: ['t'] } }), 'fail', 'restore.text-invalid'],
  ['restore/encoding-valid', withFacts({ encoding: 'LATIN1' }), 'fail', 'restore.encoding-differs'],
  ['restore/amcheck', withFacts({ btree: { checked: 3, damaged: ['i'] } }), 'fail', 'restore.index-damaged'],
  [
    'restore/migrations-applied',
    withDatabase({ migrations: { tool: 'prisma', applied: 1, unfinished: ['m'], changed: [] } }),
    'fail',
    'restore.migration-unfinished',
  ],
  [
    'restore/migrations-applied',
    withDatabase({ migrations: { tool: 'prisma', applied: 1, unfinished: [], changed: [], compared: lost } }),
    'fail',
    'restore.migration-missing',
  ],
  [
    'restore/migrations-applied',
    withDatabase({ migrations: { tool: 'prisma', applied: 1, unfinished: [], changed: ['m'] } }),
    'fail',
    'restore.migration-changed',
  ],
  [
    'restore/migrations-applied',
    withDatabase({ migrations: { tool: 'prisma', applied: 0, unfinished: [], changed: [], unread: '42P01' } }),
    'fail',
    'restore.migrations-unread',
  ],
  ['restore/newest-row', withDatabase({ newest: [{ column: 'orders.at', at: '2026-11-20T01:00:00Z' }] }), 'fail', 'restore.newest-row-old'],
  ['restore/newest-row', withDatabase({ newest: [{ column: 'orders.at', at: '2026-11-20T05:00:00Z' }] }), 'fail', 'restore.newest-row-later'],
  ['restore/newest-row', withDatabase({ newest: [{ column: 'orders.at' }] }), 'fail', 'restore.newest-row-missing'],
  ['restore/newest-row', withDatabase({ newest: [{ column: 'orders.at', at: 'rubbish' }] }), 'fail', 'restore.newest-row-old'],
  ['restore/app-queries', withDatabase({ queries: [{ id: 'q', expected: '= 1', received: '2', right: false }] }), 'fail', 'restore.query-wrong'],
  [
    'restore/write-probe',
    withDatabase({ writes: [{ id: 'w', expected: 'accepted', received: 'error 23505', right: false }] }),
    'fail',
    'restore.write-refused',
  ],
  [
    'restore/redis-loads',
    { ...healthy, databases: [{ ...redis, redis: { keys: 5, types: [], log: { read: 900, loaded: 899 } } }] },
    'fail',
    'restore.redis-log-part',
  ],
  ['restore/uploads-present', reference({ lost: 1 }), 'fail', 'restore.files-lost'],
  ['restore/uploads-present', reference({ later: 1 }), 'warn', 'restore.files-later'],
  ['restore/uploads-intact', reference({ differing: 1 }), 'fail', 'restore.files-differ'],
  ['restore/uploads-intact', reference({ empty: 1 }), 'fail', 'restore.files-empty'],
  ['restore/uploads-orphans', reference({ orphans: 2 }), 'warn', 'restore.files-orphaned'],
  ['restore/uploads-readable', reference({ unreadable: 1 }), 'fail', 'restore.files-unreadable'],
  ['restore/config-complete', { ...healthy, configs: [{ label: '.env', keysMissing: ['A'], keysRequired: 1 }] }, 'fail', 'restore.config-keys-missing'],
  ['restore/config-complete', { ...healthy, configs: [] }, 'fail', 'restore.config-missing'],
  ['restore/config-complete', { ...healthy, certificates: [{ label: 'c', notAfter: '2026-01-01T00:00:00Z' }] }, 'fail', 'restore.certificate-expired'],
  [
    'restore/config-complete',
    { ...healthy, certificates: [{ label: 'c', notAfter: '2027-01-01T00:00:00Z', keyMatches: false }] },
    'fail',
    'restore.certificate-key-missing',
  ],
  ['restore/config-complete', { ...healthy, certificates: [{ label: 'c', error: 'no' }] }, 'fail', 'restore.certificate-unreadable'],
  [
    'restore/sqlite-integrity',
    { ...healthy, databases: [{ ...sqlite, sqlite: { integrity: ['x'], foreignKeyProblems: 0, wal: false } }] },
    'fail',
    'restore.sqlite-damaged',
  ],
  [
    'restore/sqlite-integrity',
    { ...healthy, databases: [{ ...sqlite, sqlite: { integrity: [], foreignKeyProblems: -1, wal: false } }] },
    'fail',
    'restore.sqlite-orphans',
  ],
  ['restore/redis-loads', { ...healthy, databases: [{ ...redis, redis: { keys: 2, types: [] } }] }, 'fail', 'restore.redis-keys-missing'],
  [
    'restore/redis-loads',
    { ...healthy, databases: [{ ...redis, redis: { keys: 5, types: [], held: { total: 9, expiring: 3 } } }] },
    'fail',
    'restore.redis-keys-missing',
  ],
  ['restore/redis-loads', { ...healthy, databases: [{ ...redis, stages: [{ tool: 'redis-server', exit: 1 }] }] }, 'fail', 'restore.redis-refused'],
  ['restore/app-boots', withApplication({ bootedMs: undefined, received: 'it ended with 1', logs: ['no such table'] }), 'fail', 'restore.app-not-healthy'],
  ['restore/app-boots', withApplication({ migrations: 1 }), 'fail', 'restore.app-migrations-pending'],
  ['restore/app-smoke', withApplication({ smoke: [{ id: 's', expected: '200 of /', received: '500', right: false }] }), 'fail', 'restore.app-page-wrong'],
  [
    'restore/secrets-match',
    { ...healthy, keys: [{ id: 'k', expected: 'it opens', received: 'it does not', right: false }] },
    'fail',
    'restore.key-opens-nothing',
  ],
  ['recovery/rto', { ...healthy, usableMs: 9 * 60_000 }, 'fail', 'recovery.rto-exceeded'],
  ['recovery/rto', { ...healthy, usableMs: Number.NaN }, 'fail', 'recovery.rto-exceeded'],
  ['recovery/rpo-now', { ...healthy, set: { at: '2026-11-18T02:30:00Z', basis: 'dump' } }, 'fail', 'recovery.rpo-exceeded'],
  ['drill/live-untouched', withFacts({ systemIdentifier: '7000000000000000001' }), 'fail', 'drill.live-reached'],
  ['drill/isolated', { ...healthy, isolation: [{ label: 'a', interfaces: ['eth0'], routes: 1 }] }, 'fail', 'drill.way-out'],
  ['drill/cleanup', { ...healthy, cleanup: { made: ['work folder'], left: ['container 1'], swept: [] } }, 'fail', 'drill.left-over'],
  ['drill/cleanup', { ...healthy, cleanup: { made: ['work folder'], left: [], swept: ['drill x: still there: container 1'] } }, 'fail', 'drill.left-over'],
]
test.each(broken)('%s sees what is broken (%#)', (id, drill, outcome, code) => {
  const verdict = judge(id, drill)
  expect(verdict, JSON.stringify(verdict)).toMatchObject({ outcome, code })
  expect(Object.keys(checks.get(id)?.codes ?? {})).toContain(code)
})
test('every code of every check is reached', () => {
  const reached = new Set(broken.map(([, , , code]) => code))
  const all = [...checks.values()].flatMap((check) => Object.keys(check.codes))
  expect(all.filter((code) => !reached.has(code) && code !== 'restore.migration-unknown')).toEqual([])
  expect(
    judge(
      'restore/migrations-applied',
      withDatabase({ migrations: { tool: 'prisma', applied: 1, unfinished: [], changed: [], compared: { expected: 1, missing: [], unexpected: ['m'] } } }),
    ),
  ).toMatchObject({
    code: 'restore.migration-unknown',
  })
})

test('what was not restored is never green', () => {
  const { application: _application, ...without } = healthy
  const nothing: DrillObservation = {
    ...without,
    databases: [],
    keys: [],
    configs: [],
    certificates: [],
    isolation: [],
    live: { reached: [] },
    notRestored: [{ label: 'a.age', why: 'it is encrypted', blame: 'misused' }],
  }
  for (const id of checks.keys()) {
    const verdict = judge(id, nothing, entry({ requiredKeys: ['A'] }))
    if (id === 'drill/cleanup') continue
    expect([id, verdict.outcome]).not.toEqual([id, 'pass'])
  }
})
test('where an extension is not at hand nobody blames the backup', () => {
  const lacking = {
    ...withDatabase({
      errors: [{ sqlstate: '0A000', message: 'extension "vector" is not available', count: 1 }],
      postgres: { ...facts, extensionsMissing: ['vector'] },
    }),
  }
  for (const id of ['restore/no-errors', 'restore/extensions-available'])
    expect(judge(id, lacking), id).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
})
test('an optimistic time proves no objective, and a way out that nobody could look for is not closed', () => {
  expect(judge('recovery/rto', withDatabase({ basis: { kind: 'optimistic', why: 'embedded' } }))).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  expect(judge('recovery/rto', { ...withDatabase({ basis: { kind: 'optimistic', why: 'embedded' } }), usableMs: 9 * 60_000 })).toMatchObject({
    outcome: 'fail',
  })
  expect(judge('drill/isolated', { ...healthy, isolation: [{ label: 'a', interfaces: [], routes: 0, unread: 'no unshare' }] })).toMatchObject({
    outcome: 'inconclusive',
  })
})
test('keys that expired while they were loaded were there', () => {
  expect(judge('restore/redis-loads', { ...healthy, databases: [{ ...redis, redis: { keys: 1, expiredAtLoad: 4, types: [] } }] })).toMatchObject({
    outcome: 'pass',
  })
})
test('a schema that cannot be read back is not said to be as it was', () => {
  const { owners: _owners, grants: _grants, policies: _policies, triggers: _triggers, definitions: _definitions, ...unread } = facts
  for (const id of ['restore/ownership', 'restore/grants', 'restore/rls-policies', 'restore/triggers-enabled', 'restore/schema-objects'])
    expect(judge(id, withDatabase({ postgres: unread })), id).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
})
test('an empty table that was empty is no loss', () => {
  expect(judge('restore/rows-present', healthy)).toMatchObject({ outcome: 'pass' })
})
test('an application that was not started proves nothing, and says who could start it', () => {
  for (const id of ['restore/app-boots', 'restore/app-smoke']) {
    for (const [blame, told] of [
      ['misused', 'misused'],
      ['artifact', 'unobserved'],
    ] as const)
      expect(judge(id, withApplication({ bootedMs: undefined, notBooted: { why: 'no image', blame } })), id).toMatchObject({
        outcome: 'inconclusive',
        blame: told,
      })
    const { application: _application, ...without } = healthy
    expect(judge(id, without), id).toMatchObject({ outcome: 'inconclusive' })
  }
  expect(judge('restore/app-smoke', withApplication({ bootedMs: undefined }))).toMatchObject({ outcome: 'inconclusive' })
  expect(judge('restore/app-smoke', withApplication({ smoke: [] }))).toMatchObject({ outcome: 'inconclusive' })
})
test('what cannot be run looked at no migrations; without a look there is none to judge', () => {
  expect(judge('restore/app-boots', withApplication({ migrations: 127 }))).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  expect(judge('restore/app-boots', withApplication({ migrations: undefined }))).toMatchObject({ outcome: 'pass' })
})
test('a key that nobody tried opens nothing', () => {
  const untried = { ...healthy, keys: [] }
  expect(judge('restore/secrets-match', untried)).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  const told = withApplication({ bootedMs: undefined, received: 'it ended with 1' })
  expect(judge('restore/secrets-match', { ...told, keys: [] }, entry({ secretsMatch: [{ id: 'k', command: ['verify'] }] }))).toMatchObject({
    outcome: 'inconclusive',
    blame: 'unobserved',
  })
})
const FILES = ['restore/uploads-present', 'restore/uploads-intact', 'restore/uploads-orphans', 'restore/uploads-readable'] as const
test('files that a row of MariaDB names are judged as those of PostgreSQL, and so are its migrations', () => {
  const { references } = database
  const mysql: RestoredDatabase = { ...bare, kind: 'mysql', references, label: 'wiki.sql' }
  for (const id of [...FILES, 'restore/migrations-applied']) expect(judge(id, { ...healthy, databases: [mysql] }), id).toMatchObject({ outcome: 'pass' })
  const short = references.map((one) => ({ ...one, lost: 1 }))
  expect(judge('restore/uploads-present', { ...healthy, databases: [{ ...mysql, references: short }] })).toMatchObject({ outcome: 'fail' })
})
test('a table of files that no restored database has is missed, also beside one that is there', () => {
  const more = entry({
    files: [
      { table: 'uploads', path: 'path', from: 'uploads' },
      { table: 'avatars', path: 'file', from: 'uploads' },
    ],
  })
  for (const id of FILES) {
    expect(judge(id, healthy, more), id).toMatchObject({ outcome: 'inconclusive', blame: 'misused', reason: expect.stringContaining('avatars.file') })
    expect(judge(id, withDatabase({ references: [] })), id).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
    const cut = { ...withDatabase({ references: [] }), notRestored: [{ label: 'uploads.tar.gz', why: 'cut', blame: 'artifact' as const }] }
    expect(judge(id, cut), id).toMatchObject({ outcome: 'inconclusive', blame: 'unobserved' })
  }
  // What fails fails, whatever else was not looked for.
  expect(judge('restore/uploads-present', reference({ lost: 1 }), more)).toMatchObject({ outcome: 'fail', code: 'restore.files-lost' })
  // No row names a file: there is nothing to compare.
  expect(judge('restore/uploads-intact', reference({ sampled: 0 }))).toMatchObject({ outcome: 'skip' })
})
test('of several databases the one that has the column tells the newest row; where none has it that is missed', () => {
  const other: RestoredDatabase = { ...sqlite, newest: [{ column: 'orders.at', unread: 'there is no such column' }] }
  expect(judge('restore/newest-row', { ...healthy, databases: [database, other] })).toMatchObject({ outcome: 'pass' })
  expect(judge('restore/newest-row', { ...healthy, databases: [{ ...database, newest: other.newest }, other] })).toMatchObject({
    outcome: 'fail',
    code: 'restore.newest-row-missing',
  })
  const old = { ...database, newest: [{ column: 'orders.at', at: '2026-11-01T00:00:00Z' }] }
  expect(judge('restore/newest-row', { ...healthy, databases: [old, other] })).toMatchObject({ outcome: 'fail', code: 'restore.newest-row-old' })
})
test('of a log every byte is loaded, or it is not all there; keys are told by database', () => {
  const log = (loaded: number): DrillObservation => ({
    ...healthy,
    databases: [{ ...redis, redis: { keys: 5, types: [], databases: { 0: 3, 3: 2 }, log: { read: 900, loaded } } }],
  })
  const right = judge('restore/redis-loads', log(900))
  expect(right).toMatchObject({ outcome: 'pass' })
  expect(right.evidence.map(({ received }) => received)).toEqual(['it loaded', '900', '5 (3 in database 0, 2 in database 3)'])
  for (const loaded of [899, 0, Number.NaN])
    expect(judge('restore/redis-loads', log(loaded))).toMatchObject({ outcome: 'fail', code: 'restore.redis-log-part' })
})

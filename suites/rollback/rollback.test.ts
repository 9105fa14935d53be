/** Judgements of a rehearsed rollback: a healthy rehearsal, then one thing broken at a time. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { DrillObservation } from '../../helpers/drill/observation.ts'
import type { PartSeen, Rehearsal, StepSeen } from '../../helpers/drill/rehearsal.ts'
import { normaliseTarget, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'

const checks = new Map<string, Check>()
for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.check.ts'))) {
  const { default: check } = (await import(join(import.meta.dirname, file))) as { readonly default: Check }
  checks.set(check.id, check)
}

const declared: NonNullable<TargetInput['rollback']> = {
  folder: 'app',
  native: true,
  deploy: { steps: [{ name: 'switch', run: ['ln', '-sfn', 'v2', 'current'] }], verify: [{ name: 'new', request: { path: '/' } }], limitSeconds: 60 },
  levels: [
    {
      level: 'full',
      steps: [
        { name: 'serve', run: ['serve', '--port', '{port}'], background: true },
        { name: 'restore', run: ['./restore.sh', "it's"], needs: 'database' },
      ],
      verify: [{ name: 'old', request: { path: '/' } }],
    },
  ],
  probe: { request: { path: '/health' }, maxGapSeconds: 10 },
  environment: {},
  database: { up: ['pg_isready'] },
  backup: 'before',
}
const targetOf = (rollback: TargetInput['rollback']): ReturnType<typeof normaliseTarget> =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', backups: [{ id: 'before', dir: '/b', files: { db: 'db-{stamp}.db' }, drill: {} }], rollback }), {
    sha256: '0'.repeat(64),
  })

const step = (name: string, more: Partial<StepSeen> = {}): StepSeen => ({ name, startMs: 0, endMs: 40, done: true, received: 'exit 0', ...more })
const part = (more: Partial<PartSeen> = {}): PartSeen => ({
  steps: [step('switch')],
  untried: [],
  proofs: [{ name: 'old', held: true, expected: 'GET /: 200', received: '200', afterMs: 3 }],
  tookMs: 2_000,
  downtime: { asked: 10, right: 8, longestMs: 900, beganMs: 100 },
  ...more,
})
const held = part().proofs
const lost = held.map((one) => ({ ...one, held: false, received: '502' }))
const healthy: Rehearsal = {
  level: 'full',
  startedAt: '2026-11-21T12:00:00.000Z',
  prepared: { steps: [step('first')], untried: [], proofs: [], tookMs: 5 },
  deployed: part(),
  rolledBack: part({ steps: [step('switch'), step('restore', { databaseDown: false })] }),
  environment: { file: '.env.backup', exists: true, problems: [], keys: 4, missing: [], empty: [] },
  leftOut: [],
  cleanup: { made: ['work folder'], left: [], swept: [] },
}
const back = (more: Partial<PartSeen>): Rehearsal => ({ ...healthy, rolledBack: { ...healthy.rolledBack, ...more } })
const deployed = (more: Partial<PartSeen>): Rehearsal => ({ ...healthy, deployed: { ...healthy.deployed, ...more } })
const environment = (more: Partial<NonNullable<Rehearsal['environment']>>): Rehearsal => ({
  ...healthy,
  environment: { file: '.env.backup', exists: true, problems: [], keys: 4, missing: [], empty: [], ...more },
})

function verdictOf(id: string, seen: unknown, rollback = declared): { readonly words: string; readonly evidence: string } {
  const check = checks.get(id)
  const target = targetOf(rollback)
  const [subject] = check?.subjects(target) ?? []
  if (check === undefined || subject === undefined) throw new Error(`nothing to judge for ${id}`)
  const verdict = check.judge(seen as never, { target, subject, now: new Date(), options: check.options })
  return {
    words: verdict.outcome === 'pass' || verdict.outcome === 'skip' ? verdict.outcome : `${verdict.outcome} ${verdict.code}`,
    evidence: [...verdict.evidence.flatMap(({ what, expected, received }) => [what, expected, received]), 'reason' in verdict ? verdict.reason : ''].join(
      ' | ',
    ),
  }
}

const OF_LEVELS = ['cleanup', 'database-up', 'deployed', 'downtime', 'environment', 'in-time', 'steps-succeed', 'verified']
test.each(OF_LEVELS)('a healthy rehearsal passes rollback/%s, with evidence', (name) => {
  const { words, evidence } = verdictOf(`rollback/${name}`, { rehearsal: healthy })
  expect(words).toBe('pass')
  expect(evidence).not.toBe('')
})
test.each(OF_LEVELS.filter((name) => name !== 'cleanup'))('what was there before could not be made: rollback/%s says so', (name) => {
  const seen = { ...healthy, prepared: { steps: [step('first', { done: false, received: 'exit 1' })], untried: ['server'], proofs: [], tookMs: 5 } }
  expect(verdictOf(`rollback/${name}`, { rehearsal: seen }).words).toBe('inconclusive run.misused')
})
test.each([...OF_LEVELS, 'backup-restorable'])('rollback/%s has nothing to judge where no rollback is declared', (name) => {
  expect(checks.get(`rollback/${name}`)?.subjects(targetOf(undefined))).toEqual([])
})

test.each<[string, string, Rehearsal, string, RegExp]>([
  [
    'a step fails',
    'steps-succeed',
    back({ steps: [step('switch', { done: false, received: 'exit 1' })], untried: ['restore'] }),
    'fail rollback.step-failed',
    /exit 1 after 0.0 s; not tried any more: restore/,
  ],
  ['a step of the deployment fails', 'steps-succeed', deployed({ steps: [step('switch', { done: false })] }), 'pass', /switch/],
  [
    'a step of the deployment fails',
    'deployed',
    deployed({ steps: [step('switch', { done: false, received: 'exit 2' })] }),
    'fail rollback.deploy-step-failed',
    /exit 2/,
  ],
  ['the new version does not answer', 'deployed', deployed({ proofs: lost }), 'fail rollback.deploy-not-healthy', /502/],
  ['the previous version does not answer', 'verified', back({ proofs: lost }), 'fail rollback.not-verified', /502/],
  ['one of two proofs', 'verified', back({ proofs: [...held, ...lost] }), 'fail rollback.not-verified', /502/],
  ['exactly as long as allowed', 'in-time', back({ tookMs: 300_000 }), 'pass', /headroom 1\.0 times/],
  ['longer than the usual five minutes', 'in-time', back({ tookMs: 300_001 }), 'fail rollback.too-slow', /300 s/],
  ['deployment longer than declared', 'in-time', deployed({ tookMs: 61_000 }), 'fail rollback.deploy-too-slow', /61\.0 s/],
  ['no number', 'in-time', back({ tookMs: Number.NaN }), 'fail rollback.too-slow', /NaN/],
  ['fast, but it failed', 'in-time', back({ proofs: lost }), 'inconclusive run.unobserved', /was not done/],
  ['fast, but one of its steps failed', 'in-time', back({ steps: [step('a'), step('b', { done: false })] }), 'inconclusive run.unobserved', /s; headroom/],
  ['fast, but one of its proofs failed', 'in-time', back({ proofs: [...healthy.rolledBack.proofs, ...lost] }), 'inconclusive run.unobserved', /s; headroom/],
  [
    'the database is stopped, and one of the proofs fails',
    'database-up',
    back({ steps: [step('restore', { databaseDown: true })], proofs: [...healthy.rolledBack.proofs, ...lost] }),
    'fail rollback.database-unproven',
    /not everything holds/,
  ],
  ['the database answers, though the step fails', 'database-up', back({ steps: [step('restore', { databaseDown: false, done: false })] }), 'pass', /answered/],
  ['a gap as long as allowed', 'downtime', back({ downtime: { asked: 9, right: 4, longestMs: 10_000, beganMs: 0 } }), 'pass', /10\.0 s/],
  ['a longer gap', 'downtime', back({ downtime: { asked: 9, right: 4, longestMs: 10_001, beganMs: 0 } }), 'fail rollback.downtime', /4 of 9/],
  [
    'a longer gap while deploying',
    'downtime',
    deployed({ downtime: { asked: 9, right: 4, longestMs: 11_000, beganMs: 0 } }),
    'fail rollback.downtime',
    /deploying/,
  ],
  ['it never comes back', 'downtime', back({ downtime: { asked: 9, right: 1, missing: 'after' } }), 'fail rollback.never-back', /never came back/],
  ['it never was there', 'downtime', deployed({ downtime: { asked: 9, right: 0, missing: 'before' } }), 'inconclusive run.misused', /must start it/],
  ['no copy', 'environment', environment({ exists: false }), 'fail rollback.environment-missing', /not there/],
  ['half a copy', 'environment', environment({ problems: ['line 2 is no NAME=value'] }), 'fail rollback.environment-invalid', /line 2/],
  ['a key is missing', 'environment', environment({ missing: ['KEY'] }), 'fail rollback.environment-incomplete', /KEY is not set/],
  ['a key is empty', 'environment', environment({ empty: ['KEY'] }), 'fail rollback.environment-incomplete', /KEY is empty/],
  [
    'the database is stopped and the restore fails',
    'database-up',
    back({ steps: [step('restore', { databaseDown: true, done: false, received: 'exit 2' })] }),
    'fail rollback.database-stopped',
    /stopped: exit 2/,
  ],
  [
    'the database is stopped, the script starts it and everything holds',
    'database-up',
    back({ steps: [step('restore', { databaseDown: true })] }),
    'pass',
    /everything holds/,
  ],
  [
    'the database is stopped, the script says nothing',
    'database-up',
    back({ steps: [step('restore', { databaseDown: true })], proofs: lost }),
    'fail rollback.database-unproven',
    /not everything holds/,
  ],
  ['no step works on the database', 'database-up', back({ steps: [step('switch')] }), 'skip', /no step/],
  [
    'the step was never reached',
    'database-up',
    back({ steps: [step('switch', { done: false })], untried: ['restore'] }),
    'inconclusive run.unobserved',
    /restore not tried/,
  ],
  ['something stays behind', 'cleanup', { ...healthy, cleanup: { made: ['x'], left: ['process 17'], swept: [] } }, 'fail rollback.left-behind', /process 17/],
])('%s: rollback/%s', (_name, check, rehearsal, expected, shown) => {
  const { words, evidence } = verdictOf(`rollback/${check}`, { rehearsal })
  expect(words).toBe(expected)
  expect(evidence).toMatch(shown)
})

test('the worst of several is named: a failed step draws the line of time', () => {
  const check = checks.get('rollback/steps-succeed')
  const target = targetOf(declared)
  const [subject] = check?.subjects(target) ?? []
  if (check === undefined || subject === undefined) throw new Error('nothing to judge')
  const verdict = check.judge({ rehearsal: healthy } as never, { target, subject, now: new Date(), options: {} })
  expect(verdict.figures?.[0]).toMatchObject({ kind: 'timeline', spans: [{ label: 'deploy: switch' }, { label: 'back: switch' }, { label: 'back: restore' }] })
  expect(check.reproduce(subject, target)).toBe(
    `d="$(mktemp -d)" && cp -a app/. "$d" && cd "$d" && export PORT=8080 && ln -sfn v2 current && serve --port 8080 & ./restore.sh 'it'\\''s'`,
  )
})

const database: DrillObservation['databases'][number] = {
  label: 'db.db',
  role: 'db',
  kind: 'sqlite',
  engine: { name: 'sqlite', version: '3' },
  basis: { kind: 'measured', why: 'x' },
  bytes: 1,
  decodedBytes: 1,
  restoreMs: 1,
  stages: [{ tool: 'sqlite', exit: 0 }],
  errors: [],
  tables: [{ name: 'users', expected: 2, rows: 2 }],
  queries: [],
  writes: [],
  newest: [],
  references: [],
}
const drill = (more: Partial<DrillObservation> = {}): { readonly drill: Partial<DrillObservation> } => ({
  drill: { set: { at: '2026-11-21T10:00:00.000Z', basis: 'name' }, databases: [database], notRestored: [], ...more },
})
test.each<[string, Partial<DrillObservation>, string]>([
  ['restored whole', {}, 'pass'],
  ['rows are missing', { databases: [{ ...database, tables: [{ name: 'users', expected: 2, rows: 1 }] }] }, 'fail rollback.backup-not-restored'],
  ['a table is missing', { databases: [{ ...database, tables: [{ name: 'users', expected: 2 }] }] }, 'fail rollback.backup-not-restored'],
  ['errors', { databases: [{ ...database, errors: [{ sqlstate: '42704', message: 'role', count: 2 }] }] }, 'fail rollback.backup-not-restored'],
  ['the tool failed', { databases: [{ ...database, stages: [{ tool: 'psql', exit: 3 }] }] }, 'fail rollback.backup-not-restored'],
  ['it is cut', { databases: [], notRestored: [{ label: 'db.db', why: 'it is cut', blame: 'artifact' }] }, 'fail rollback.backup-not-restored'],
  ['no engine', { databases: [], notRestored: [{ label: 'db.dump', why: 'no image', blame: 'misused' }] }, 'inconclusive run.misused'],
  ['nothing in it', { databases: [] }, 'inconclusive run.unobserved'],
])('the backup before the deployment: %s', (_name, seen, expected) => {
  const { words, evidence } = verdictOf('rollback/backup-restorable', drill(seen))
  expect(words).toBe(expected)
  expect(evidence).not.toBe('')
})

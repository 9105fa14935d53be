import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { gzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { backupFiles, tarOf } from '../fixtures/backups.ts'
import { gantry, shop } from '../fixtures/drills.ts'
import { postgresPrograms } from '../fixtures/postgres.ts'

const main = join(import.meta.dirname, 'main.ts')
let folder: string
/** A place of its own for what drills make, so that other tests sweep nothing of it. */
let work: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postproof-drill-cli-'))
  work = join(folder, 'work')
  rmSync(work, { recursive: true, force: true })
  work = mkdtempSync(join(tmpdir(), 'postproof-drill-work-'))
  // The server of a drill runs as another user, who must come through.
  chmodSync(work, 0o711)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(work, { recursive: true, force: true })
})

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
}
const start = (...args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended>; said(pattern: RegExp): Promise<void> } => {
  const child = spawn(process.execPath, [main, 'drill', ...args, '--report', join(folder, 'report'), '--no-color'], {
    cwd: folder,
    env: { ...process.env, TMPDIR: work, NO_COLOR: '1', DOCKER_HOST: 'unix:///nowhere/docker.sock' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  const waiting: (() => void)[] = []
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      for (const one of waiting) one()
    })
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, out })))
  return {
    child,
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => (pattern.test(out) ? resolve() : undefined)
        waiting.push(look)
        look()
        void ended.then(() => reject(new Error(`it ended before it said ${String(pattern)}: ${out}`)))
      }),
  }
}
const drill = (...args: readonly string[]): Promise<Ended> => start(...args).ended
const put = (name: string, bytes: Buffer | string): string => {
  writeFileSync(join(folder, name), bytes, { mode: 0o640 })
  return name
}
interface Row {
  readonly check: string
  readonly outcome: string
  readonly code?: string
  readonly evidence: readonly { readonly received: string }[]
}
const report = (): readonly Row[] => (JSON.parse(readFileSync(join(folder, 'report', 'report.json'), 'utf8')) as { readonly results: readonly Row[] }).results
const leases = (): readonly string[] => {
  const root = readdirSync(work).find((name) => name.startsWith('postproof-drills-'))
  return root === undefined ? [] : readdirSync(join(work, root))
}

test('a SQLite file as it lies there is restored, judged and signed for, without any server', { timeout: 120_000 }, async () => {
  const { code, out } = await drill(put('app.db', gantry()), '--rto', '10')
  expect(code, out).toBe(0)
  const outcomes = new Map(report().map(({ check, outcome }) => [check, outcome]))
  for (const id of [
    'restore/complete',
    'restore/rows-match-artifact',
    'restore/sqlite-integrity',
    'recovery/rto',
    'drill/cleanup',
    'drill/live-untouched',
    'artifact/sqlite-integrity',
  ])
    expect([id, outcomes.get(id)]).toEqual([id, 'pass'])
  expect(leases()).toEqual([])
})
test('what is no backup, what is not there and what declares none: each says so, with its exit code', { timeout: 120_000 }, async () => {
  const rubbish = await drill(put('app.sql.gz', gzipSync('<html>502</html>\n'.repeat(200))))
  expect(rubbish.code, rubbish.out).toBe(1)
  expect(report().find(({ check }) => check === 'restore/complete')).toMatchObject({ outcome: 'fail', code: 'restore.not-restorable' })
  const missing = await drill('nothing-here.dump')
  expect(missing).toMatchObject({ code: 3 })
  expect(missing.out).toContain('there is no such file or folder; nothing was restored')
  const none = await drill(put('target.yaml', 'domain: example.com\nenvironment: staging\n'))
  expect(none).toMatchObject({ code: 3 })
  expect(none.out).toContain('declares no backups')
})
test('a production target needs the word', { timeout: 120_000 }, async () => {
  put('app-20260101-020304.db', gantry())
  const given = put('production.yaml', "domain: example.com\nbackups:\n  - id: app\n    dir: .\n    files:\n      database: 'app-{stamp}.db'\n")
  const refused = await drill(given)
  expect(refused).toMatchObject({ code: 3 })
  expect(refused.out).toContain('--allow drill')
  const allowed = await drill(given, '--allow', 'drill', '--suite', 'restore')
  expect(allowed.code, allowed.out).toBe(0)
})
test('paths that lead out of an archive restore nothing', { timeout: 120_000 }, async () => {
  const hostile = put(
    'hostile.tar.gz',
    gzipSync(
      tarOf([
        { name: '../../../../tmp/postproof-was-here', body: 'x' },
        { name: 'app.db', body: gantry() },
      ]),
    ),
  )
  const { code, out } = await drill(hostile)
  expect(code, out).toBe(1)
  expect(report().find(({ check }) => check === 'restore/complete')).toMatchObject({ outcome: 'fail', code: 'restore.not-restorable' })
  expect(existsSync('/tmp/postproof-was-here')).toBe(false)
})
test('Docker that does not answer is named, and nothing is green', { timeout: 120_000 }, async () => {
  const { code, out } = await drill(put('shop.sql', shop()), '--image', 'postgres:15', '--suite', 'restore')
  expect(code, out).toBe(2)
  expect(report().find(({ check }) => check === 'restore/complete')).toMatchObject({ outcome: 'inconclusive' })
  expect(report().some(({ check, outcome }) => check.startsWith('restore/') && outcome === 'pass')).toBe(false)
})

const installed = (program: string): boolean => (process.env.PATH ?? '').split(delimiter).some((place) => existsSync(join(place, program)))
test.skipIf(!installed('mariadbd'))(
  'a dump of MySQL is restored into a MariaDB of its own; one that names a row twice is not whole',
  { timeout: 180_000 },
  async () => {
    const wiki = Object.entries(backupFiles()).find(([name]) => name.startsWith('other/wiki-'))?.[1].bytes ?? Buffer.alloc(0)
    const whole = await drill(put('wiki.sql.zst', wiki), '--suite', 'restore,drill')
    expect(whole.code, whole.out).toBe(0)
    expect(report().find(({ check }) => check === 'restore/rows-match-artifact')).toMatchObject({ outcome: 'pass' })
    const twice = await drill(
      put('twice.sql', zstdDecompressSync(wiki).toString().replace('VALUES (1,', "VALUES (2,'CANARY-5501'),(1,")),
      '--suite',
      'restore,drill',
    )
    expect(twice.code, twice.out).toBe(1)
    expect(report().find(({ check }) => check === 'restore/order-constraints')).toMatchObject({ outcome: 'fail' })
    expect(report().find(({ check }) => check === 'restore/rows-match-artifact')).toMatchObject({ outcome: 'fail', code: 'restore.rows-missing' })
    expect(readFileSync(join(folder, 'report', 'report.json'), 'utf8')).not.toContain('CANARY-5501')
    expect(leases()).toEqual([])
  },
)

describe.skipIf(postgresPrograms() === undefined)('with PostgreSQL on this machine', () => {
  test('the embedded server restores, and proves no objective', { timeout: 120_000 }, async () => {
    const { code, out } = await drill(put('embedded.sql', shop()), '--engine', 'embedded', '--rto', '30', '--suite', 'restore,recovery')
    const outcomes = new Map(report().map(({ check, outcome }) => [check, outcome]))
    expect(code, out).toBe(2)
    expect([outcomes.get('restore/rows-match-artifact'), outcomes.get('recovery/rto'), outcomes.get('restore/ownership')]).toEqual([
      'pass',
      'inconclusive',
      'inconclusive',
    ])
  })

  test('a dump that starts programs is not restored beside our own files', { timeout: 120_000 }, async () => {
    const { code, out } = await drill(
      put('evil.sql', shop().replace('SET lock_timeout = 0;', "SET lock_timeout = 0;\nCOPY public.users FROM PROGRAM 'touch /tmp/postproof-was-here';")),
      '--suite',
      'restore',
    )
    expect(code, out).toBe(2)
    expect(out).toContain('more than put data back (program)')
    expect(existsSync('/tmp/postproof-was-here')).toBe(false)
  })
  test('errors of the server are shown without what they quote of rows', { timeout: 120_000 }, async () => {
    const { code, out } = await drill(put('leak.sql', shop().replace('9\titem 9\n', 'CANARY-7319\titem 9\n')), '--suite', 'restore')
    expect(code, out).toBe(1)
    const text = readFileSync(join(folder, 'report', 'report.json'), 'utf8')
    expect(report().find(({ check }) => check === 'restore/no-errors')).toMatchObject({ outcome: 'fail', code: 'restore.errors' })
    expect(text + out).not.toContain('CANARY-7319')
  })
  const big = (): string =>
    put(
      'big.sql',
      shop().replace('SELECT pg_catalog.lo_create', () => 'SELECT pg_sleep(30);\n\nSELECT pg_catalog.lo_create'),
    )
  const servers = (): readonly string[] =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
          return line.includes(`${work}/`) && !line.includes('main.ts') ? [`${pid} ${line.replaceAll('\0', ' ')}`] : []
        } catch {
          return []
        }
      })
  test.each(['SIGINT', 'SIGTERM'] as const)('%s in the middle of a restore ends with 130, a report, and nothing left', { timeout: 120_000 }, async (signal) => {
    const run = start(big(), '--suite', 'restore,drill')
    await run.said(/provision big\.sql/)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(servers().length).toBeGreaterThan(0)
    run.child.kill(signal)
    const { code, out } = await run.ended
    expect(code, out).toBe(130)
    expect(servers()).toEqual([])
    expect(leases()).toEqual([])
  })
  test('after SIGKILL the next drill removes servers, folder and plain data, and says so', { timeout: 120_000 }, async () => {
    const run = start(big(), '--suite', 'restore,drill')
    await run.said(/provision big\.sql/)
    await new Promise((resolve) => setTimeout(resolve, 500))
    run.child.kill('SIGKILL')
    expect((await run.ended).signal).toBe('SIGKILL')
    expect(servers().length).toBeGreaterThan(0)
    expect(leases()).toHaveLength(1)
    const next = await drill('app.db', '--suite', 'restore,drill')
    expect(next.code, next.out).toBe(0)
    const cleanup = report().find(({ check }) => check === 'drill/cleanup')
    expect(cleanup).toMatchObject({ outcome: 'pass' })
    expect(JSON.stringify(cleanup)).toContain('left by an earlier drill that was killed')
    expect(servers()).toEqual([])
    expect(leases()).toEqual([])
  })
})

/** The demo of what acts: each stage has a fault that a newcomer can look at, with its secrets at hand and nothing else in the way. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { listFaults } from '../fixtures/proof.ts'
import type { Report } from '../reports/report.ts'
import { postproof } from './testing/postproof.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-demo-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const faults = await listFaults()

test.each(['mail-queue-worker-stopped', 'refresh-reusable', 'limit-missing'].flatMap((name) => faults.filter((fault) => fault.name === name)))(
  'demo --fault $name: its own checks and no others fail',
  async (fault) => {
    const ended = await postproof(['demo', '--fault', fault.name, '--report', fault.name], { cwd: folder, timeoutMs: 230_000 })
    expect(ended.stderr).not.toContain('nothing was sent')
    const report = JSON.parse(readFileSync(join(folder, fault.name, 'report.json'), 'utf8')) as Report
    const red = report.results.filter(({ outcome }) => outcome === 'fail').map(({ check }) => check)
    expect([...new Set(red)].sort()).toEqual(
      Object.entries(fault.breaks)
        .flatMap(([id, outcome]) => (outcome === 'fail' ? [id] : []))
        .sort(),
    )
  },
  240_000,
)

test('--keep leaves it running, also without a terminal, and takes everything away at the end', async () => {
  let file = ''
  const ended = await postproof(['demo', '--suite', 'cors', '--keep', '--report', 'kept'], {
    cwd: folder,
    signal: (stdout) => {
      file = /its target is (\S+)\. /.exec(stdout)?.[1] ?? ''
      return existsSync(file) ? 'SIGTERM' : undefined
    },
  })
  expect(ended.status, ended.stderr).toBe(0)
  expect(file).toMatch(/target\.yaml$/)
  expect(existsSync(dirname(file))).toBe(false)
}, 240_000)

test('who waits for a letter says so', async () => {
  const ended = await postproof(['demo', '--fault', 'mail-queue-worker-stopped', '--json', '--report', 'waits'], { cwd: folder })
  expect(ended.stdout).toMatch(/^\{"event":"wait","what":"mail of application","sinceMs":[\d.]+,"mostMs":\d+\}$/m)
})

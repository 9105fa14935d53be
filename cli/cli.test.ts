/** The command as its users meet it: real processes against real servers on loopback, right and wrong input. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { productChecks, worldWith } from '../fixtures/proof.ts'
import { type RunningWorld, startWorld } from '../fixtures/world.ts'
import { reportSchema } from '../reports/schema.ts'
import { postproof, PROJECT, yaml } from './testing/postproof.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-cli-'))
let world: RunningWorld
let target = ''
beforeAll(async () => {
  world = await startWorld(await worldWith([]))
  target = write('target.yaml', yaml(world.input))
})
afterAll(async () => {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

let made = 0
const fresh = (): string => {
  const path = join(folder, `case-${made++}`)
  mkdirSync(path)
  return path
}
function write(name: string, text: string, where = fresh()): string {
  const path = join(where, name)
  writeFileSync(path, text)
  return path
}
const reportIn = (path: string) => reportSchema.parse(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')))
const FILES = ['junit.xml', 'metrics.prom', 'report.html', 'report.json', 'report.md', 'results.jsonl']

describe('misuse ends 3, says what would be right, and sends nothing', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['no such command', ['verfy'], /unknown command 'verfy'[\s\S]*verify/],
    ['no such option', ['verify', 'target.yaml', '--reprot', 'x'], /unknown option '--reprot'[\s\S]*--report/],
    ['no target', ['verify'], /missing required argument 'target'/],
    ['a file that is not there', ['verify', 'nowhere.yaml'], /nowhere\.yaml: there is no such file[\s\S]*nothing was sent/],
    ['neither file nor domain', ['verify', 'no such thing'], /no such thing/],
    ['an impact that does not exist', ['verify', '@target', '--allow', 'everything'], /--allow: there is no impact "everything"; load, login/],
    ['a deadline that is no number', ['verify', '@target', '--timeout', 'soon'], /a number of seconds above 0/],
    [
      'a depth that does not exist',
      ['verify', '@target', '--depth', 'deep'],
      /--depth <depth>' argument 'deep' is invalid\. Allowed choices are default, full/,
    ],
    ['a suite that does not exist', ['verify', '@target', '--suite', 'tsl'], /--suite: matches nothing: "tsl"[\s\S]*did you mean "tls"\?/],
    [
      'a check that does not exist',
      ['verify', '@target', '--check', 'tls/validty'],
      /--check: matches nothing: "tls\/validty"[\s\S]*did you mean "tls\/validity"\?/,
    ],
    ['a host that does not exist', ['verify', '@target', '--host', 'apl'], /--host: matches nothing: "apl"/],
    ['a tag that does not exist', ['verify', '@target', '--tag', 'nothing'], /--tag: matches nothing: "nothing"/],
    ['a fault that does not exist', ['demo', '--fault', 'expired-certifcate'], /there is no fault "expired-certifcate"; did you mean "expired-certificate"\?/],
    ['a check to explain that does not exist', ['explain', 'tls/validty'], /tls\/validity/],
  ])('%s', async (_name, args, message) => {
    const before = JSON.stringify(world.connections)
    const ended = await postproof(
      args.map((arg) => (arg === '@target' ? target : arg)),
      { cwd: fresh() },
    )
    expect(ended.status, ended.stderr + ended.stdout).toBe(3)
    expect(ended.stderr).toMatch(message)
    expect(JSON.stringify(world.connections)).toBe(before)
  })

  test('a wrong target: every mistake with its place, for validate, plan and verify alike', async () => {
    const path = write('target.yaml', 'domain: example.com\nhosts:\n  api: { knd: api }\ngate: { block: hgh }\nsecrets: { pw: hunter2hunter2 }\n')
    for (const args of [
      ['validate', path],
      ['plan', path],
      ['verify', path],
    ]) {
      const ended = await postproof(args, { cwd: fresh() })
      expect(ended.status).toBe(3)
      expect(ended.stderr).toMatch(/target\.yaml:3:10: [\s\S]*did you mean "kind"\?/)
      expect(ended.stderr).toMatch(/target\.yaml:4:16: /)
      expect(ended.stderr).toMatch(/target\.yaml:5:\d+: /)
      expect(ended.stderr + ended.stdout).not.toContain('hunter2')
    }
  })

  test('a report folder that cannot be: said before anything is sent', async () => {
    const before = JSON.stringify(world.connections)
    const file = write('taken', '')
    const ended = await postproof(['verify', target, '--report', join(file, 'report')])
    expect(ended.status).toBe(3)
    expect(ended.stderr).toMatch(/the report cannot be written to .*taken.report: ENOTDIR; nothing was sent/)
    expect(JSON.stringify(world.connections)).toBe(before)
  })
})

describe('commands that send nothing', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['--version', ['--version'], /^\d+\.\d+\.\d+\n$/],
    ['--help', ['--help'], /verify[\s\S]*demo[\s\S]*plan[\s\S]*Exit codes:\s+0 {2}the gate passed/],
    ['checks', ['checks', '--suite', 'tls'], /tls\/validity/],
    ['explain, of a check', ['explain', 'tls/validity'], /RFC 5280[\s\S]*tls\.expired/],
    ['explain, of a code', ['explain', 'tls.expired'], /tls\/validity/],
    ['plan', ['plan', '@target'], /15 hosts[\s\S]*nothing was sent[\s\S]*read +\d+[\s\S]*api\.example\.com/],
    ['validate', ['validate', '@target'], /./],
    ['demo --faults', ['demo', '--faults'], /expired-certificate[\s\S]*\n\d+ faults\n$/],
  ])('%s', async (_name, args, says) => {
    const before = JSON.stringify(world.connections)
    const ended = await postproof(args.map((arg) => (arg === '@target' ? target : arg)))
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stdout).toMatch(says)
    expect(JSON.stringify(world.connections)).toBe(before)
  })
  test.each<[readonly string[], (value: unknown) => void]>([
    [['checks', '--json'], (value) => expect((value as unknown[]).length).toBeGreaterThan(100)],
    [['plan', '@target', '--json'], (value) => expect((value as { hosts: unknown[] }).hosts.length).toBe(15)],
    [['schema'], (value) => expect(value).toMatchObject({ type: 'object' })],
  ])('%s is JSON', async (args, judge) => {
    const ended = await postproof(args.map((arg) => (arg === '@target' ? target : arg)))
    expect(ended.status).toBe(0)
    judge(JSON.parse(ended.stdout))
  })
})

test('full depth is planned with what it costs', async () => {
  const planned = async (...more: readonly string[]) => {
    const ended = await postproof(['plan', 'example.com', '--suite', 'tls', '--json', ...more])
    expect(ended.status, ended.stderr).toBe(0)
    return JSON.parse(ended.stdout) as { verdicts: number; impacts: readonly { connections: number }[] }
  }
  const [usual, full] = await Promise.all([planned(), planned('--depth', 'full')])
  expect(full.verdicts).toBeGreaterThan(usual.verdicts)
  expect(full.impacts[0]?.connections).toBeGreaterThan(3 * (usual.impacts[0]?.connections ?? Number.NaN))
})

describe('a reader that goes away (`| head -1`)', () => {
  test('ends no command with an error', async () => {
    const ended = await postproof(['schema'], { leave: true })
    expect(ended).toMatchObject({ status: 0, stderr: '' })
  })
  test('is no failure of a run: the report is there, and it is green', async () => {
    const out = fresh()
    const ended = await postproof(['verify', target, '--suite', 'tls', '--json', '--report', out], { leave: true })
    expect(ended).toMatchObject({ status: 0, stderr: '' })
    expect(reportIn(out).gate).toMatchObject({ passed: true, exitCode: 0 })
  })
})

describe('an odd place to run in', () => {
  const shell = (script: string, ...args: readonly string[]) =>
    spawnSync('sh', ['-c', script, process.execPath, join(PROJECT, 'cli/main.ts'), ...args], { cwd: fresh(), encoding: 'utf8', timeout: 80_000 })
  test.runIf(existsSync('/dev/full'))('output that cannot be written is no success, and says so without a trace', () => {
    const ended = shell('"$0" "$@" > /dev/full', 'schema')
    expect(ended).toMatchObject({ status: 2, stderr: 'postproof: its output cannot be written: ENOSPC\n' })
    expect(shell('"$0" "$@" > /dev/full 2>&1', 'schema').status).toBe(2)
  })
  test.skipIf(process.platform === 'win32')('a folder that was removed meanwhile', () => {
    const ended = shell('rmdir "$PWD" && "$0" "$@"', 'checks')
    expect(ended.status).toBe(3)
    expect(ended.stderr).toBe('postproof: the current folder is gone; change to one that is there; nothing was sent\n')
  })
})

describe('verify', () => {
  test('looks only once, and first at what it will judge: no probe more than the verdicts need', async () => {
    const [narrowed, whole] = [fresh(), fresh()]
    // With a filter, even one that lets everything through, nothing is looked at ahead of the checks.
    const suites = (await productChecks()).checks.map((check) => check.suite)
    const [one, two] = [
      await postproof(['verify', target, '--suite', [...new Set(suites)].join(','), '--quiet', '--report', narrowed]),
      await postproof(['verify', target, '--quiet', '--report', whole]),
    ]
    expect([one.status, two.status]).toEqual([0, 0])
    expect(reportIn(whole).run.probes).toBe(reportIn(narrowed).run.probes)
  })
  test('green: exit 0, every format, one line with --quiet', async () => {
    const out = join(fresh(), 'out')
    const ended = await postproof(['verify', target, '--suite', 'tls,redirects', '--quiet', '--report', out])
    expect(ended.status, ended.stdout).toBe(0)
    expect(ended.stdout).toMatch(/^PASSED {2}changemaker: 0 failed, [^\n]*\n$/)
    expect(readdirSync(out).sort()).toEqual(FILES)
    const report = reportIn(out)
    expect(report.gate).toMatchObject({ passed: true, exitCode: 0 })
    expect(report.selection).toEqual({ suites: ['tls', 'redirects'] })
    expect(new Set(report.results.map((one) => one.suite))).toEqual(new Set(['tls', 'redirects', 'run']))
  })

  test('--json: one event a line, as many results as the report has', async () => {
    const out = fresh()
    const ended = await postproof(['verify', target, '--check', 'tls/validity,tls/expiry-margin', '--json', '--report', out])
    expect(ended.status).toBe(0)
    const events = ended.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; check?: string })
    expect(events[0]).toMatchObject({ event: 'start', schemaVersion: 1, target: 'changemaker' })
    expect(events.at(-1)).toMatchObject({ event: 'end', gate: { passed: true } })
    expect(events.filter((one) => one.event === 'result').length).toBe(reportIn(out).results.length)
  })

  test('filters by host: nothing else is looked at', async () => {
    const out = fresh()
    expect((await postproof(['verify', target, '--host', 'api', '--suite', 'tls', '--quiet', '--report', out])).status).toBe(0)
    const hosts = new Set(reportIn(out).results.map((one) => one.host))
    hosts.delete(undefined)
    expect([...hosts]).toEqual(['api.example.com'])
  })

  test('red: exit 1, named with evidence, fix and a command', async () => {
    const broken = await startWorld(await worldWith(['expired-certificate']))
    try {
      const ended = await postproof(['verify', write('target.yaml', yaml(broken.input)), '--suite', 'tls'], { cwd: fresh() })
      expect(ended.status).toBe(1)
      expect(ended.stdout).toMatch(/✗ fail {2}tls\/validity {2}api\.example\.com {2}tls\.expired/)
      expect(ended.stdout).toMatch(/expected[\s\S]*received[\s\S]*fix: [\s\S]*\$ openssl s_client/)
      expect(ended.stdout).toMatch(/FAILED {2}changemaker/)
      // 80 columns and less is what a pipe gets too; only commands are left whole.
      for (const line of ended.stdout.split('\n').filter((one) => !one.startsWith('    $ '))) expect(line.length).toBeLessThanOrEqual(100)
    } finally {
      await broken.stop()
    }
  })

  test('--debug tells the wire on standard error and leaves standard output alone', async () => {
    const ended = await postproof(['verify', target, '--check', 'tls/validity', '--host', 'api', '--debug', '--quiet'], { cwd: fresh() })
    expect(ended.status).toBe(0)
    expect(ended.stdout.split('\n').length).toBe(2)
    expect(ended.stderr).toMatch(/^tlsHandshake api\.example\.com: connected to 127/m)
  })
})

describe("the user's own checks", () => {
  const own = (judge: string): string => `import { defineCheck, eachHost, fail, pass } from 'postproof'
export default defineCheck({
  id: 'mine/own', title: 'Mine holds', failureTitle: 'Mine does not hold', why: 'because', source: 'us', severity: 'high',
  codes: { 'mine.broken': { meaning: 'It broke.', fix: 'Repair it.' } }, options: {},
  subjects: eachHost(), unless: { skip: 'not-declared', reason: 'no host' }, needs: () => ({}),
  judge: () => ${judge}, reproduce: () => 'true',
})
`
  const MINI = yaml({ domain: 'example.com', hosts: { '@': {} }, network: { addresses: { 'example.com': '127.0.0.1' }, ports: { 80: 1, 443: 1 } } })
  test.each<[string, string, number, string]>([
    ['pass', `pass({ what: 'a', expected: 'b', received: 'b' })`, 0, 'pass'],
    ['fail', `fail('mine.broken', { what: 'a', expected: 'b', received: 'c' })`, 1, 'fail'],
    ['throw', `{ throw new Error('a mistake of mine') }`, 2, 'inconclusive'],
    ['name a code that is not declared', `fail('mine.other', { what: 'a', expected: 'b', received: 'c' })`, 2, 'inconclusive'],
    ['return nothing', 'undefined', 2, 'inconclusive'],
  ])('that %s', async (_name, judge, status, outcome) => {
    const where = fresh()
    write('own.check.ts', own(judge), where)
    const ended = await postproof(['verify', write('target.yaml', MINI, where), '--check', 'mine/own', '--quiet'], { cwd: where })
    expect(ended.status, ended.stdout + ended.stderr).toBe(status)
    expect(reportIn(join(where, 'postproof-report')).results.find((one) => one.check === 'mine/own')?.outcome).toBe(outcome)
  })

  test('one that cannot be loaded is no green run', async () => {
    const where = fresh()
    write('own.check.ts', own(`pass({ what: 'a', expected: 'b', received: 'b' })`), where)
    write('broken.check.ts', 'export default {', where)
    const ended = await postproof(['verify', write('target.yaml', MINI, where), '--check', 'mine/own'], { cwd: where })
    expect(ended.status).toBe(2)
    expect(ended.stdout).toMatch(/broken\.check\.ts[\s\S]*could not be loaded/)
  })
})

describe('targets that do not behave', () => {
  const server = (onConnection: (socket: import('node:net').Socket) => void): Promise<{ readonly port: number; readonly server: Server }> =>
    new Promise((resolve) => {
      const listener = createServer((socket) => {
        socket.on('error', () => {})
        onConnection(socket)
      })
      listener.listen(0, '127.0.0.1', () => resolve({ port: (listener.address() as { port: number }).port, server: listener }))
    })
  const targetAt = (port: number, limits: object = { probeSeconds: 1 }): string =>
    write(
      'target.yaml',
      yaml({ domain: 'example.com', hosts: { '@': {} }, network: { addresses: { 'example.com': '127.0.0.1' }, ports: { 80: port, 443: port } }, limits }),
    )

  test('silent: inconclusive or failed, never green, and it ends', async () => {
    const { port, server: silent } = await server(() => {})
    const where = fresh()
    const ended = await postproof(['verify', targetAt(port), '--suite', 'tls,redirects', '--quiet'], { cwd: where })
    silent.close()
    expect([1, 2]).toContain(ended.status)
    expect(
      reportIn(join(where, 'postproof-report'))
        .results.filter((one) => one.outcome === 'pass' && one.suite !== 'run')
        .map((one) => one.check),
    ).toEqual([])
  })

  test('Ctrl-C in the middle: exit 130, and a report of what was done', async () => {
    const { port, server: silent } = await server(() => {})
    const where = fresh()
    let sent = false
    const ended = await postproof(['verify', targetAt(port, { probeSeconds: 30 }), '--suite', 'tls,redirects'], {
      cwd: where,
      signal: (stdout) => {
        if (sent || !stdout.includes('verdicts on')) return undefined
        sent = true
        return 'SIGINT'
      },
    })
    silent.close()
    expect(ended.status, ended.stderr).toBe(130)
    expect(ended.stdout).toContain('INTERRUPTED')
    const report = reportIn(join(where, 'postproof-report'))
    expect(report.gate).toMatchObject({ passed: false, interrupted: true, exitCode: 130 })
    expect(report.results.length).toBeGreaterThan(0)
    expect(ended.durationMs).toBeLessThan(25_000)
  })

  test('Ctrl-C at the first packet, before the checks are loaded: exit 130, and a report that says so', async () => {
    const { port, server: silent } = await server(() => {})
    const where = fresh()
    let sent = false
    const ended = await postproof(['verify', targetAt(port, { probeSeconds: 30 }), '--quiet', '--debug'], {
      cwd: where,
      signal: (_stdout, stderr) => {
        if (sent || !stderr.includes('connected to')) return undefined
        sent = true
        return 'SIGINT'
      },
    })
    silent.close()
    expect(ended.status, ended.stderr).toBe(130)
    const report = reportIn(join(where, 'postproof-report'))
    expect(report.gate).toMatchObject({ passed: false, interrupted: true, exitCode: 130 })
    expect(report.results.filter(({ suite, outcome }) => suite !== 'run' && (outcome === 'pass' || outcome === 'fail'))).toEqual([])
  })

  test('a deadline of the whole run: ends in time, exit 2', async () => {
    const { port, server: silent } = await server(() => {})
    const where = fresh()
    const ended = await postproof(['verify', targetAt(port, { probeSeconds: 30 }), '--suite', 'tls', '--timeout', '2', '--quiet'], { cwd: where })
    silent.close()
    expect(ended.status).toBe(2)
    expect(reportIn(join(where, 'postproof-report')).run.aborted).toMatch(/2 s|deadline/)
  })

  test('one byte a second, an endless head, an endless body: bounded', async () => {
    for (const feed of [
      (socket: import('node:net').Socket) => {
        const timer = setInterval(() => socket.write('H'), 1000)
        socket.on('close', () => clearInterval(timer))
      },
      (socket: import('node:net').Socket) => {
        socket.write('HTTP/1.1 200 OK\r\n')
        const more = (): void => {
          while (!socket.destroyed && socket.write(`x-${'a'.repeat(8_000)}: b\r\n`));
        }
        socket.on('drain', more)
        more()
      },
      (socket: import('node:net').Socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n')
        const more = (): void => {
          while (!socket.destroyed && socket.write('a'.repeat(60_000)));
        }
        socket.on('drain', more)
        more()
      },
    ]) {
      const { port, server: hostile } = await server(feed)
      const where = fresh()
      const ended = await postproof(['verify', targetAt(port, { probeSeconds: 2 }), '--suite', 'redirects', '--quiet'], { cwd: where, timeoutMs: 55_000 })
      hostile.close()
      expect([1, 2], ended.stderr).toContain(ended.status)
      reportIn(join(where, 'postproof-report'))
    }
  }, 120_000)

  test('no network: nothing resolves, the blame is told, never green', async () => {
    const { port, server: closed } = await server(() => {})
    await new Promise((resolve) => closed.close(resolve))
    const where = fresh()
    const path = write(
      'target.yaml',
      yaml({ domain: 'example.com', hosts: { '@': {}, www: {} }, network: { resolver: `127.0.0.1:${port}` }, limits: { probeSeconds: 1 } }),
    )
    const ended = await postproof(['verify', path, '--suite', 'tls,redirects,routing', '--quiet'], { cwd: where })
    expect(ended.status).toBe(2)
    const report = reportIn(join(where, 'postproof-report'))
    expect(report.results.filter((one) => one.outcome === 'pass' && one.suite !== 'run').map((one) => one.check)).toEqual([])
    for (const one of report.results.filter((result) => result.outcome === 'inconclusive')) expect(one.blame).toBe('unobserved')
  })
})

describe('the report folder', () => {
  test('a format that cannot be written is told, keeps no other from being written, and is not exit 0', async () => {
    const out = fresh()
    mkdirSync(join(out, 'report.json'))
    const ended = await postproof(['verify', target, '--check', 'tls/validity', '--quiet', '--report', out])
    expect(ended.status).toBe(2)
    expect(ended.stderr).toMatch(/the report cannot be written to .*report\.json: E/)
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Passed')
    expect(readdirSync(out).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })
})

/** Every command of README.md is run, and what it shows of a run is what a run shows. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { worldWith } from '../fixtures/proof.ts'
import { type RunningWorld, startWorld } from '../fixtures/world.ts'
import { type Ended, postproof, PROJECT, yaml } from './testing/postproof.ts'

const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8')
const blocks = (language: string): readonly string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text ?? '')
/** Commands in shell blocks and, in the text, code spans that begin with a command's name. */
const commands = [
  ...blocks('sh').flatMap((block) => block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trim())),
  ...[...readme.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`((?:npm|npx|postproof) [^`]+)`/g)].map(([, text]) => text ?? ''),
].filter((line) => line !== '')

const folder = mkdtempSync(join(tmpdir(), 'postproof-readme-'))
let world: RunningWorld
beforeAll(async () => {
  world = await startWorld(await worldWith([]))
  const [described] = blocks('yaml').filter((block) => block.startsWith('# target.yaml'))
  // The README's target as it stands, with loopback addresses in place of the public ones.
  writeFileSync(join(folder, 'target.yaml'), `${described ?? ''}${yaml({ network: { ...world.input.network } })}`)
})
afterAll(async () => {
  await world.stop()
  rmSync(folder, { recursive: true, force: true })
})

const run = (args: readonly string[]): Promise<Ended> => postproof(args, { cwd: folder, timeoutMs: 230_000 })
/** What each command does, checked by running it: what stands behind `npm start`, `npx postproof` and so on, without installing anything. */
const RUNS: Readonly<Record<string, () => Promise<void>>> = {
  'npm ci && npm start': async () => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    expect(scripts.start).toBe('node cli/main.ts demo')
    const ended = await run(['demo'])
    expect(ended.status, ended.stdout).toBe(0)
    expect(ended.stdout).toMatch(/PASSED {2}changemaker/)
  },
  'npm cit': () => {
    // It is what runs this test; a run inside itself would never end.
    expect(process.env.VITEST).toBe('true')
    return Promise.resolve()
  },
  'npm start -- --fault expired-certificate': async () => {
    const ended = await run(['demo', '--fault', 'expired-certificate'])
    expect(ended.status).toBe(1)
    expect(ended.stdout).toContain('tls.expired')
  },
  'npm start -- --faults': async () => {
    expect((await run(['demo', '--faults'])).stdout).toContain('expired-certificate')
  },
  'npm run build': () => {
    // Run by whoever packs the product; here only that it is there, and makes what the command starts.
    const { scripts, bin } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as Record<'scripts' | 'bin', Record<string, string>>
    expect(scripts.build).toContain('tsc -p tsconfig.build.json')
    expect(bin.postproof).toMatch(/^dist\//)
    return Promise.resolve()
  },
  // The name is public: only what sends nothing is run.
  'npx postproof verify example.com': async () => {
    const ended = await run(['plan', 'example.com'])
    expect(ended.status).toBe(0)
    expect(ended.stdout).toContain('nothing was sent')
  },
  'npx postproof verify target.yaml': async () => {
    const ended = await run(['verify', 'target.yaml', '--suite', 'tls,redirects,routing,health'])
    expect([0, 1], ended.stderr).toContain(ended.status)
    expect(ended.stdout).toMatch(/app\.example\.com/)
  },
  'postproof validate target.yaml': async () => {
    const ended = await run(['validate', 'target.yaml'])
    expect(ended.status, ended.stderr).toBe(0)
  },
  'postproof plan target.yaml': async () => {
    expect((await run(['plan', 'target.yaml'])).stdout).toContain('nothing was sent')
  },
  'postproof schema > target.schema.json': async () => {
    expect(JSON.parse((await run(['schema'])).stdout)).toHaveProperty('properties.hosts')
  },
  'postproof checks': async () => {
    expect((await run(['checks'])).stdout).toContain('tls/validity')
  },
  'postproof explain tls/validity': async () => {
    expect((await run(['explain', 'tls/validity'])).stdout).toContain('RFC 5280')
  },
  // They build on each other and on the report of the run above.
  'npx postproof report keygen release-key': async () => {
    const ended = await run(['report', 'keygen', 'release-key'])
    expect(ended.status, ended.stderr).toBe(0)
  },
  'npx postproof report sign postproof-report --key release-key --performed-by "A. Person" --decision accept': async () => {
    const sign = async (...decision: readonly string[]): Promise<Ended> =>
      await run(['report', 'sign', 'postproof-report', '--key', 'release-key', '--performed-by', 'A. Person', '--decision', ...decision])
    const accepted = await sign('accept')
    // The world's target is the README's, which need not be green; what failed cannot be accepted.
    const ended = accepted.status === 0 ? accepted : await sign('reject')
    expect(ended.status, ended.stderr).toBe(0)
  },
  'npx postproof report verify postproof-report --key release-key.pub': async () => {
    const ended = await run(['report', 'verify', 'postproof-report', '--key', 'release-key.pub'])
    expect([0, 1, 2], ended.stderr).toContain(ended.status)
    expect(ended.stdout).toContain('as signed')
  },
  'npx postproof drill backups/app-20260301.sql.gz': async () => {
    mkdirSync(join(folder, 'backups'), { recursive: true })
    writeFileSync(join(folder, 'backups/app-20260301.sql.gz'), gzipSync('no dump at all\n'.repeat(200)))
    const ended = await run(['drill', 'backups/app-20260301.sql.gz'])
    expect([1, 2], ended.stderr).toContain(ended.status)
    expect(ended.stdout).toContain('artifact/')
  },
  'npm run selftest': async () => {
    const ended = await run(['selftest', '--fault', 'expired-certificate'])
    expect(ended.status, ended.stdout).toBe(0)
    expect(ended.stdout).toMatch(/false alarms: (?:none|0)/)
  },
}

describe('commands', () => {
  test('are all known here, and none is known here that is gone', () => {
    expect([...new Set(commands)].sort()).toEqual(Object.keys(RUNS).sort())
  })
  test.each(Object.entries(RUNS))(
    '%s',
    async (_command, check) => {
      await check()
    },
    240_000,
  )
})

test('the run shown is one that happens: its words and its frame, not its figures', () => {
  const shown = /<!-- demo -->\n```\n([\s\S]*?)```\n<!-- \/demo -->/.exec(readme)?.[1] ?? ''
  expect(shown).toMatch(/^\$ npm start\n/)
  expect(shown).toMatch(/PASSED {2}changemaker: 0 failed, 0 inconclusive, 0 warnings, \d+ passed, \d+\s+skipped in [\d.]+ s\n/)
  for (const host of ['app.example.com', 'api.example.com', 'www.example.com']) expect(shown).toContain(host)
  for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
})

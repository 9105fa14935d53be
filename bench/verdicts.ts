/**
 * What one more verdict costs, looking aside: a check of its own with 400 and with 40,000 subjects that asks for no probe, through the whole
 * command (engine, runner, every report). Goal: under 100 µs each. `node bench/verdicts.ts [most]`
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, run } from './measure.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const most = Number(process.argv[2] ?? 40_000)
const few = Math.ceil(most / 100)
const folder = await mkdtemp(join(tmpdir(), 'postproof-verdicts-'))
await writeFile(
  join(folder, 'many.check.ts'),
  `import { defineCheck, pass } from 'postproof'
export default defineCheck({
  id: 'mine/many', title: 'One of many', failureTitle: 'None', why: 'to count the cost', source: 'this bench', severity: 'low', codes: {}, options: {},
  subjects: (target) => Array.from({ length: Number(process.env.SUBJECTS) }, (_, index) => ({ name: \`/\${index}\`, host: target.hosts[index % target.hosts.length] })),
  unless: { skip: 'not-declared', reason: 'none' }, needs: () => ({}),
  judge: () => pass({ what: 'status', expected: '200', received: '200' }), reproduce: () => 'true',
})
`,
)
// A hundred hosts: above 12,000 verdicts one test carries a host's whole suite, which must be more than one test.
const hosts = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`h${index}`, {}]))
await writeFile(
  join(folder, 'target.json'),
  JSON.stringify({ domain: 'example.com', hosts, network: { addresses: { '*.example.com': '127.0.0.1' }, ports: { http: 1, https: 1 } } }),
)
async function wall(subjects: number): Promise<number> {
  const done = await run(
    process.execPath,
    [join(root, 'cli/main.ts'), 'verify', join(folder, 'target.json'), '--check', 'mine/many', '--quiet', '--report', join(folder, 'report')],
    { env: { ...process.env, SUBJECTS: String(subjects) } },
  )
  if (done.exitCode !== 0) throw new Error(`exit ${done.exitCode}: ${done.stderr.slice(0, 500)} ${done.stdout.slice(-500)}`)
  return done.wallMs
}
try {
  const small: number[] = []
  const large: number[] = []
  for (let round = 0; round < 3; round++) {
    small.push(await wall(few))
    large.push(await wall(most))
  }
  const each = ((median(large) - median(small)) / (most - few)) * 1000
  console.log(`${few} verdicts ${median(small).toFixed(0)} ms, ${most} verdicts ${median(large).toFixed(0)} ms: ${each.toFixed(1)} µs for each more`)
} finally {
  await rm(folder, { recursive: true, force: true })
}

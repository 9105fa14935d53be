/** Runs one trap as the live entry of a run whose only verdict is a pass, and prints what came of it. For runner.test.ts, in a process of its own. */
import { defineCheck, eachHost } from '../../helpers/check.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import { pass } from '../../helpers/verdict.ts'
import { execute } from '../execute.ts'

const file = targetSchema.parse({
  domain: 'example.com',
  hosts: { '@': {}, www: {} },
  network: { addresses: { 'example.com': '127.0.0.1', '*.example.com': '127.0.0.1' } },
})
const green = defineCheck({
  id: 'demo/green',
  title: 'It is green',
  failureTitle: 'It is not green',
  why: 'to see whether a trap can turn it red',
  source: 'us',
  severity: 'high',
  codes: {},
  options: {},
  subjects: eachHost(),
  unless: { skip: 'not-declared', reason: 'no host' },
  needs: () => ({}),
  judge: () => pass({ what: 'colour', expected: 'green', received: 'green' }),
  reproduce: () => 'true',
})
const { exitCode, run } = await execute(normaliseTarget(file, { sha256: '0'.repeat(64) }), {
  catalogue: [green],
  runnerDeadlineMs: 10_000,
  ...(process.argv[2] === undefined ? {} : { entry: process.argv[2] }),
})
process.stdout.write(
  `${JSON.stringify({ exitCode, results: run.results.map(({ check, subject, outcome, reason }) => ({ check, subject, outcome, reason })) })}\n`,
)
process.exit(exitCode)

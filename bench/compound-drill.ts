/**
 * The whole way of one drill, by the commands that a person types: a compound backup of as many rows as asked for is judged and restored, the report is
 * signed off, and the signature verified.
 *
 *   node bench/compound-drill.ts [rows in millions, default 5]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Report } from '../reports/report.ts'
import { runTimed } from './measure.ts'
import { shopBackup } from './shop-backup.ts'

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const rows = Math.round(Number(process.argv[2] ?? 5) * 1_000_000)
const place = mkdtempSync(join(tmpdir(), 'postproof-bench-'))

/** A command of the product. @throws Error where it ends otherwise than with 0 */
async function postproof(...words: readonly string[]): Promise<{ readonly wallMs: number; readonly peakMb: number; readonly stdout: string }> {
  const done = await runTimed(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...words], { timeoutMs: 1_800_000 })
  const shown = words.slice(0, 2).join(' ')
  say(`${shown.padEnd(16)} exit ${String(done.exitCode)} after ${(done.wallMs / 1000).toFixed(1)} s, peak ${done.peakMb.toFixed(0)} MB`)
  if (done.exitCode !== 0) throw new Error(`${shown} ended with ${String(done.exitCode)}: ${done.stdout.slice(-3000)} ${done.stderr.slice(-1000)}`)
  return done
}

try {
  const backups = join(place, 'backups')
  mkdirSync(backups, { mode: 0o700 })
  const made = await shopBackup(backups, rows, new Date(Date.now() - 3_600_000))
  say(`${(rows / 1e6).toFixed(1)} million orders, ${(made.bytes / 1e6).toFixed(0)} MB compressed`)
  const target = join(place, 'target.yaml')
  writeFileSync(
    target,
    `name: shop
domain: backup.invalid
environment: local
hosts: { "@": {} }
allow: [drill]
backups:
  - id: nightly
    dir: ${backups}
    files:
      database: shop-{stamp}.sql.gz
      globals: globals-{stamp}.sql
      uploads: uploads-{stamp}.tar.gz
      config: config-{stamp}.tar.gz
    restoreVersion: "15.18"
    roles: [shop]
    drill:
      engine: native
      requiredKeys: [DATABASE_URL, SESSION_KEY]
      heartbeat: [orders.created_at]
      minRows: { orders: ${rows} }
      files: [{ table: uploads, path: path, from: uploads }]
      objectives: { rtoMinutes: 60, rpoHours: 26 }
`,
  )
  const report = join(place, 'report')
  const key = join(place, 'signing.pem')
  await postproof('drill', target, '--report', report, '--suite', 'restore,recovery,drill,artifact', '--no-color')
  await postproof('report', 'keygen', key)
  await postproof('report', 'sign', report, '--key', key, '--performed-by', 'bench', '--decision', 'accept')
  await postproof('report', 'verify', report, '--key', `${key}.pub`)
  const { counts, results } = JSON.parse(readFileSync(join(report, 'report.json'), 'utf8')) as Report
  say(
    Object.entries(counts)
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(', '),
  )
  for (const { check, outcome, evidence } of results)
    if (check === 'restore/rows-match-artifact' || check.startsWith('recovery/'))
      for (const one of evidence.slice(0, 3)) say(`${check.padEnd(22)} ${outcome.padEnd(6)} ${one.what}: ${one.received} (${one.expected})`)
} finally {
  rmSync(place, { recursive: true, force: true })
}

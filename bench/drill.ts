/**
 * How long a drill of a compound backup takes beside a bare restore of the same dump with the same tools into the same kind of server. Every figure from a
 * process of its own, the two in turn, so that whatever else the machine does is shared. Both sides get the same server with the same settings, durable as
 * a live one is (fsync, full pages, a log that could be replicated), with 256 MB to build an index and 4 GB of log between checkpoints: what the drill
 * measures is the time that a recovery takes. The bare side counts psql alone, and neither its server nor its database nor their removal. Removal waits where
 * the disk is mounted with `discard` (each freed block is told to the device, 3 s for 1.3 GB): TMPDIR leads to another.
 *
 *   node bench/drill.ts [rows in millions, default 5] [rounds, default 3] [plain: the dump is not compressed]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startNative } from '../helpers/drill/engines/native.ts'
import { Lease } from '../helpers/drill/lease.ts'
import type { DrillObservation } from '../helpers/drill/observation.ts'
import { Observer } from '../helpers/observer.ts'
import { restoreDrill } from '../helpers/probes/drill.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { type BackupEntry, normaliseTarget } from '../helpers/target.ts'
import { median, runTimed } from './measure.ts'
import { shopBackup } from './shop-backup.ts'

const self = fileURLToPath(import.meta.url)
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** What one process says: milliseconds by name. */
type Figures = Readonly<Record<string, number>>

async function bare(folder: string, dump: string): Promise<Figures> {
  const lease = await Lease.take()
  const place = await startNative(lease, { kind: 'native', restoreVersion: '15', deadlineSeconds: 3600, signal: new AbortController().signal, label: 'bare' })
  try {
    await place.sh('psql -X -q -c "create role shop" -c "create database bare"')
    const began = performance.now()
    const ran = await place.sh(`${dump.endsWith('.gz') ? 'gzip -dc | ' : ''}psql -X -q -d bare -o /dev/null -f - >/dev/null`, [], { file: join(folder, dump) })
    if (ran.exit !== 0) throw new Error(`the bare restore failed: ${ran.stderr.slice(0, 200)}`)
    return { restore: performance.now() - began }
  } finally {
    await place.stop()
    await lease.end()
  }
}

async function drill(folder: string, dump: string): Promise<Figures> {
  const entry = {
    id: 'bench',
    dir: folder,
    files: { database: dump.endsWith('.gz') ? 'shop-{stamp}.sql.gz' : 'shop-{stamp}.sql', globals: 'globals-{stamp}.sql', uploads: 'uploads-{stamp}.tar.gz' },
    restoreVersion: '15',
    drill: { engine: 'native', files: [{ table: 'uploads', path: 'path', from: 'uploads' }] },
  } satisfies BackupEntry
  const target = normaliseTarget(targetSchema.parse({ domain: 'backup.invalid', environment: 'local', hosts: {}, allow: ['drill'], backups: [entry] }), {
    sha256: '0',
  })
  const observer = new Observer(target)
  const start = performance.now()
  const seen = await observer.observe<DrillObservation>(restoreDrill(entry))
  const whole = performance.now() - start
  await observer.close()
  if (!seen.ok) throw new Error(seen.failure.message)
  const table = seen.value.databases[0]?.tables.find(({ name }) => name === 'public.orders')
  if (table?.rows === undefined || table.rows !== table.expected) throw new Error(`orders: ${table?.rows ?? 'none'} of ${table?.expected ?? 'unknown'} rows`)
  const phases: Record<string, number> = {}
  for (const { name, startMs, endMs } of seen.value.phases) phases[name] = (phases[name] ?? 0) + endMs - startMs
  return { ...phases, whole }
}

const [mode, folder = '', dump = ''] = process.argv.slice(2)
if (mode === '--bare') say(JSON.stringify(await bare(folder, dump)))
else if (mode === '--drill') say(JSON.stringify(await drill(folder, dump)))
else {
  const rows = Math.round(Number(mode ?? 5) * 1_000_000)
  const rounds = Number(process.argv[3] ?? 3)
  const place = mkdtempSync(join(tmpdir(), 'postproof-bench-'))
  try {
    const made = await shopBackup(place, rows, new Date(Date.now() - 3_600_000), process.argv[4] !== 'plain')
    say(`${(rows / 1e6).toFixed(1)} million orders, ${(made.bytes / 1e6).toFixed(0)} MB in ${made.dump}`)
    const seen: Record<'--bare' | '--drill', { figures: Figures[]; cpu: number[] }> = {
      '--bare': { figures: [], cpu: [] },
      '--drill': { figures: [], cpu: [] },
    }
    for (let round = 0; round < rounds; round += 1)
      for (const arm of ['--bare', '--drill'] as const) {
        const done = await runTimed(process.execPath, ['--disable-warning=ExperimentalWarning', self, arm, place, made.dump], { timeoutMs: 1_800_000 })
        if (done.exitCode !== 0) throw new Error(`exit ${String(done.exitCode)}: ${done.stderr.slice(0, 500)}`)
        seen[arm].figures.push(JSON.parse(done.stdout) as Figures)
        seen[arm].cpu.push(done.cpuMs)
      }
    const of = (arm: '--bare' | '--drill', name: string): number => median(seen[arm].figures.map((figures) => figures[name] ?? Number.NaN))
    const alone = of('--bare', 'restore')
    say(`bare restore by psql   ${seconds(alone)}; with its server ${seconds(median(seen['--bare'].cpu))} of processor`)
    for (const name of Object.keys(seen['--drill'].figures[0] ?? {}))
      say(`  ${name.padEnd(10)} ${seconds(of('--drill', name)).padStart(8)}  ${(of('--drill', name) / alone).toFixed(2)} of the bare restore`)
    const whole = seen['--drill'].figures.map((figures, round) => (figures.whole ?? Number.NaN) / (seen['--bare'].figures[round]?.restore ?? Number.NaN))
    const cpu = seen['--drill'].cpu.map((one, round) => one / (seen['--bare'].cpu[round] ?? Number.NaN))
    say(`whole drill: ${median(whole).toFixed(2)} times the bare restore (${whole.map((one) => one.toFixed(2)).join(', ')})`)
    say(`processor: ${median(cpu).toFixed(2)} times that of the bare restore with its server (${cpu.map((one) => one.toFixed(2)).join(', ')})`)
    say(`verification: ${((100 * of('--drill', 'verify')) / of('--drill', 'restore')).toFixed(0)} % of the restore`)
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

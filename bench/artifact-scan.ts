/**
 * Reading a backup from its first byte to its last, beside its parts in the same run: the SHA-256 of the same file alone, the floor of them all, and its
 * statements alone; on one core and on all; every figure from a process of its own, less what starting it costs.
 * `node bench/artifact-scan.ts [MB] [sparseGB]`; a sparse file is read for its memory only.
 */
import { createHash } from 'node:crypto'
import { openSync, closeSync, readFileSync, readSync, writeSync, ftruncateSync } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vectorised } from '../helpers/artifact/lines.ts'
import { scanArtifact } from '../helpers/artifact/scan.ts'
import { sqlScanner } from '../helpers/artifact/sql.ts'
import { median, runTimed } from './measure.ts'

/** Ending of what runs on one core. */
const PINNED = ' pinned'
const self = fileURLToPath(import.meta.url)
const MB = 1_000_000

const text = (index: number): string => createHash('sha256').update(String(index)).digest('base64url')
const HEAD = `--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\nSET client_encoding = 'UTF8';\n`
const TAIL = '\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n'
const rows = (row: (index: number) => string): Buffer => Buffer.from(Array.from({ length: 4096 }, (_, index) => row(index)).join(''))

/** Shapes of dumps: rows of 150 bytes, very short ones, INSERT statements of PostgreSQL, and MySQL's statements with many rows each. */
const SHAPES: Readonly<Record<string, { readonly head: string; readonly body: () => Buffer; readonly tail: string }>> = {
  copy: {
    head: `${HEAD}CREATE TABLE public.orders (id integer, note text);\nCOPY public.orders (id, note) FROM stdin;\n`,
    body: () => rows((index) => `${index}\t2026-11-20 02:30:01+00\t${text(index)}\t${text(index + 1)}\t\\N\t${index % 97}.50\n`),
    tail: `\\.\n${TAIL}`,
  },
  'copy-short': {
    head: `${HEAD}CREATE TABLE public.pairs (a integer, b integer);\nCOPY public.pairs (a, b) FROM stdin;\n`,
    body: () => rows((index) => `${index}\t${index % 7}\n`),
    tail: `\\.\n${TAIL}`,
  },
  inserts: {
    head: `${HEAD}CREATE TABLE public.orders (id integer, note text);\n`,
    body: () => rows((index) => `INSERT INTO public.orders VALUES (${index}, 'it''s ${text(index)}', '${text(index + 1)}');\n`),
    tail: TAIL,
  },
  mysql: {
    head: '-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\nCREATE TABLE `page` (`id` int);\n',
    body: () =>
      Buffer.from(
        `INSERT INTO \`page\` VALUES ${Array.from({ length: 8192 }, (_, index) => `(${index},'it\\'s ${text(index)} (a)',NULL,${index % 9}.5)`).join(',')};\n`,
      ),
    tail: '-- Dump completed on 2026-11-20  2:30:04\n',
  },
}

function write(path: string, shape: keyof typeof SHAPES, bytes: number): void {
  const { head, body, tail } = SHAPES[shape] as (typeof SHAPES)[string]
  const file = openSync(path, 'w')
  const block = body()
  writeSync(file, head)
  for (let written = 0; written < bytes; written += block.length) writeSync(file, block)
  writeSync(file, tail)
  closeSync(file)
}

/** A hole of zeros inside one COPY block: what a huge row would be. */
function sparse(path: string, bytes: number): void {
  const file = openSync(path, 'w')
  writeSync(file, `${HEAD}COPY public.t (a) FROM stdin;\n${'row\n'.repeat(2000)}`)
  ftruncateSync(file, bytes)
  closeSync(file)
}

/** All of a file, through one piece of memory. */
function pieces(file: string, take: (piece: Buffer) => void): void {
  const piece = Buffer.alloc(1024 * 1024)
  const from = openSync(file, 'r')
  for (;;) {
    const length = readSync(from, piece)
    if (length === 0) break
    take(piece.subarray(0, length))
  }
  closeSync(from)
}

const [mode, path] = process.argv.slice(2)
if (mode === '--sha256') {
  const hash = createHash('sha256')
  pieces(path as string, (piece) => hash.update(piece))
  hash.digest('hex')
} else if (mode === '--statements') {
  const scanner = sqlScanner()
  pieces(path as string, (piece) => scanner.write(piece))
  scanner.end()
} else if (mode === '--scan') {
  const facts = await scanArtifact(path as string, { signal: AbortSignal.timeout(3_600_000) })
  if (facts.dump === undefined) throw new Error('it was not read as a dump')
} else if (mode === '--nothing') {
  // What starting node and loading the reader costs.
} else {
  const size = Number(mode ?? 1000) * MB
  const hole = Number(path ?? 10) * 1000 * MB
  const folder = await mkdtemp(join(tmpdir(), 'postproof-bench-'))
  const once = async (what: string, file: string): Promise<{ readonly wallMs: number; readonly cpuMs: number; readonly peakMb: number }> => {
    const words = [process.execPath, '--disable-warning=ExperimentalWarning', self, what.replace(PINNED, ''), file]
    const [program = '', ...rest] = what.endsWith(PINNED) ? ['taskset', '-c', '0', ...words] : words
    const done = await runTimed(program, rest, { timeoutMs: 600_000 })
    if (done.exitCode !== 0) throw new Error(`exit ${String(done.exitCode)}: ${done.stderr.slice(0, 500)}`)
    return done
  }
  try {
    // In /proc/cpuinfo on x86 and on ARM; whoever has them takes a SHA-256 four to six times as fast.
    console.log(
      `instructions for SHA-256: ${/\bsha_ni\b|\bsha2\b/.test(readFileSync('/proc/cpuinfo', 'latin1')) ? 'yes' : 'no'}; vectors: ${vectorised ? 'yes' : 'no'}`,
    )
    for (const shape of Object.keys(SHAPES)) {
      const file = join(folder, `${shape}.sql`)
      write(file, shape, size)
      const { size: bytes } = await stat(file)
      const none = (): { readonly wall: number[]; readonly cpu: number[]; readonly peak: number[] } => ({ wall: [], cpu: [], peak: [] })
      const times = {
        '--nothing': none(),
        '--nothing pinned': none(),
        '--sha256': none(),
        '--sha256 pinned': none(),
        '--statements': none(),
        '--scan': none(),
        '--scan pinned': none(),
      }
      for (let round = 0; round < 3; round += 1)
        for (const [what, seen] of Object.entries(times)) {
          const done = await once(what, file)
          seen.wall.push(done.wallMs)
          seen.cpu.push(done.cpuMs)
          seen.peak.push(done.peakMb)
        }
      const spent = (what: keyof typeof times, kind: 'wall' | 'cpu'): number =>
        median(times[what][kind]) - median(times[what.endsWith(PINNED) ? '--nothing pinned' : '--nothing'][kind])
      const perSecond = (what: keyof typeof times, kind: 'wall' | 'cpu'): number => bytes / MB / (spent(what, kind) / 1000)
      const figures = (what: keyof typeof times): string =>
        `${perSecond(what, 'wall').toFixed(0)} MB/s (${perSecond(what, 'cpu').toFixed(0)} per second of processor)`
      const peak = Math.max(...times['--scan'].peak).toFixed(0)
      console.log(
        `${shape.padEnd(10)} scan ${figures('--scan')}, peak ${peak} MB; sha256 alone ${figures('--sha256')}, statements alone ${figures('--statements')}`,
      )
      const share = (100 * spent('--sha256', 'cpu')) / spent('--scan', 'cpu')
      console.log(
        `           on one core scan ${figures('--scan pinned')}, sha256 alone ${figures('--sha256 pinned')}; sha256 is ${share.toFixed(0)} % of the processor time, all else ${(bytes / MB / ((spent('--scan', 'cpu') - spent('--sha256', 'cpu')) / 1000)).toFixed(0)} MB per second of it`,
      )
      await rm(file)
    }
    const file = join(folder, 'sparse.sql')
    sparse(file, hole)
    const done = await once('--scan', file)
    console.log(`sparse     ${hole / MB} MB in ${(done.wallMs / 1000).toFixed(1)} s, peak ${done.peakMb.toFixed(0)} MB`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

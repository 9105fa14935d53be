/**
 * How long a drill of a compound backup takes beside a bare restore of the same dump with the same tools, in one run.
 *
 *   node bench/drill.ts [rows in millions, default 5]
 */
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { tarOf } from '../fixtures/backups.ts'
import { startNative } from '../helpers/drill/engines/native.ts'
import { Lease } from '../helpers/drill/lease.ts'
import type { DrillObservation } from '../helpers/drill/observation.ts'
import { Observer } from '../helpers/observer.ts'
import { restoreDrill } from '../helpers/probes/drill.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { type BackupEntry, normaliseTarget } from '../helpers/target.ts'

const rows = Math.round(Number(process.argv[2] ?? 5) * 1_000_000)
const folder = mkdtempSync(join(tmpdir(), 'postproof-bench-'))
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const PER_FILE = 1000

async function* dump(): AsyncGenerator<string> {
  yield `--\n-- PostgreSQL database dump\n--\n\n-- Dumped from database version 15.18\n-- Dumped by pg_dump version 15.18\n\nSET statement_timeout = 0;\nSET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', false);\nSET row_security = off;\n\n`
  yield `CREATE TABLE public.users (\n    id integer NOT NULL,\n    name text\n);\n\nALTER TABLE public.users OWNER TO shop;\n\nCREATE TABLE public.orders (\n    id integer NOT NULL,\n    user_id integer,\n    item text,\n    total numeric,\n    created_at timestamp with time zone\n);\n\nALTER TABLE public.orders OWNER TO shop;\n\nCREATE TABLE public.uploads (\n    id integer NOT NULL,\n    path text\n);\n\nALTER TABLE public.uploads OWNER TO shop;\n\n`
  const users = Math.max(1, Math.round(rows / 50))
  yield 'COPY public.users (id, name) FROM stdin;\n'
  for (let from = 1; from <= users; from += 5000)
    yield Array.from({ length: Math.min(5000, users - from + 1) }, (_, index) => `${from + index}\tuser number ${from + index}\n`).join('')
  yield '\\.\n\n\nCOPY public.orders (id, user_id, item, total, created_at) FROM stdin;\n'
  const seed = createHash('sha256').update('orders').digest('hex').repeat(4)
  for (let from = 1; from <= rows; from += 5000)
    yield Array.from({ length: Math.min(5000, rows - from + 1) }, (_, index) => {
      const id = from + index
      return `${id}\t${(id % users) + 1}\t${seed.slice(id % 64, (id % 64) + 90)} ${id}\t${id % 1000}.50\t2026-11-${String((id % 28) + 1).padStart(2, '0')} 10:00:00+00\n`
    }).join('')
  yield '\\.\n\n\nCOPY public.uploads (id, path) FROM stdin;\n'
  yield Array.from({ length: PER_FILE }, (_, index) => `${index + 1}\tpictures/${index + 1}.jpg\n`).join('')
  yield `\\.\n\n\nALTER TABLE ONLY public.users\n    ADD CONSTRAINT users_pkey PRIMARY KEY (id);\n\nALTER TABLE ONLY public.orders\n    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);\n\nCREATE INDEX orders_user_id_idx ON public.orders USING btree (user_id);\n\nALTER TABLE ONLY public.orders\n    ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);\n\n--\n-- PostgreSQL database dump complete\n--\n\n`
}

try {
  const path = join(folder, 'shop.sql.gz')
  await pipeline(dump, createGzip({ level: 1 }), createWriteStream(path))
  writeFileSync(
    join(folder, 'globals.sql'),
    '--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE shop;\n\n--\n-- PostgreSQL database cluster dump complete\n--\n\n',
  )
  writeFileSync(
    join(folder, 'uploads.tar.gz'),
    gzipSync(tarOf(Array.from({ length: PER_FILE }, (_, index) => ({ name: `pictures/${index + 1}.jpg`, body: `picture ${index + 1}`.repeat(200) })))),
  )
  say(`${(rows / 1e6).toFixed(1)} million orders, ${(statSync(path).size / 1e6).toFixed(0)} MB compressed`)

  const lease = await Lease.take()
  const place = await startNative(lease, { kind: 'native', restoreVersion: '15', deadlineSeconds: 3600, signal: new AbortController().signal, label: 'bare' })
  await place.sh('psql -X -q -c "create role shop" -c "create database bare"')
  const began = performance.now()
  const bare = await place.sh('gzip -dc | psql -X -q -d bare -o /dev/null -f - >/dev/null', [], { file: path })
  const bareMs = performance.now() - began
  await place.stop()
  await lease.end()
  if (bare.exit !== 0) throw new Error(`the bare restore failed: ${bare.stderr.slice(0, 200)}`)
  say(`bare restore (gzip -dc | psql)   ${(bareMs / 1000).toFixed(1)} s`)

  const entry = {
    id: 'bench',
    dir: folder,
    files: { database: 'shop.sql.gz', globals: 'globals.sql', uploads: 'uploads.tar.gz' },
    restoreVersion: '15',
    drill: { engine: 'native', files: [{ table: 'uploads', path: 'path', from: 'uploads' }] },
  } satisfies BackupEntry
  const target = normaliseTarget(targetSchema.parse({ domain: 'backup.invalid', environment: 'local', hosts: {}, allow: ['drill'], backups: [entry] }), {
    sha256: '0',
  })
  const observer = new Observer(target)
  const start = performance.now()
  const seen = await observer.observe<DrillObservation>(restoreDrill(entry))
  const wholeMs = performance.now() - start
  await observer.close()
  if (!seen.ok) throw new Error(seen.failure.message)
  for (const { name, detail, startMs, endMs } of seen.value.phases) say(`  ${name.padEnd(10)} ${detail.padEnd(16)} ${((endMs - startMs) / 1000).toFixed(1)} s`)
  const restoreMs = seen.value.databases[0]?.restoreMs ?? Number.NaN
  const verifyMs = seen.value.phases.filter(({ name }) => name === 'verify').reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  say(
    `drill: restore ${(restoreMs / 1000).toFixed(1)} s, ${(restoreMs / bareMs).toFixed(2)} times the bare one; verification ${((100 * verifyMs) / restoreMs).toFixed(0)} % of it`,
  )
  say(
    `drill: usable after ${((seen.value.usableMs ?? Number.NaN) / 1000).toFixed(1)} s; whole drill ${(wholeMs / 1000).toFixed(1)} s, ${(wholeMs / bareMs).toFixed(2)} times the bare restore`,
  )
  const table = seen.value.databases[0]?.tables.find(({ name }) => name === 'public.orders')
  say(
    `orders: ${table?.rows ?? 'none'} of ${table?.expected ?? 'unknown'} rows; errors ${seen.value.databases[0]?.errors.length ?? 'unknown'}; left over: ${seen.value.cleanup.left.length}`,
  )
} finally {
  rmSync(folder, { recursive: true, force: true })
}

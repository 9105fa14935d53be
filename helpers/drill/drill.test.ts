import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { declarationReader } from '../artifact/declarations.ts'
import { compare } from './compare.ts'
import { reachOf } from './engines/place.ts'
import { mysqlErrors, postgresErrors } from './errors.ts'
import { Lease, sweep } from './lease.ts'
import { drillProgress, onDrillProgress } from './progress.ts'

const DUMP = `CREATE TABLE public.users (
    id integer NOT NULL,
    "odd name" text,
    CONSTRAINT users_id_check CHECK ((id > 0))
);
ALTER TABLE public.users OWNER TO shop;
CREATE FUNCTION public.f(a text) RETURNS text
ALTER FUNCTION public.f(a text) OWNER TO "Odd Role";
COPY public.users (id, "odd name") FROM stdin;
1\tALTER TABLE public.hidden OWNER TO nobody;
GRANT ALL ON TABLE public.hidden TO nobody;
ends with a backslash and a dot\\\\.
GRANT ALL ON TABLE public.hidden TO nobody;
\\.
COPY public.empty (id) FROM stdin;
\\.
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE public.users
    ADD CONSTRAINT later CHECK ((id < 10)) NOT VALID;
CREATE UNIQUE INDEX u ON public.users USING btree (id);
CREATE TRIGGER touch BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.f();
ALTER TABLE public.users DISABLE TRIGGER touch;
CREATE POLICY own ON public.users TO reader USING (true);
ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON TABLE public.users TO reader;
GRANT ALL ON SCHEMA public TO PUBLIC;
`

test('declarations are read however the bytes are cut, and data are passed over', () => {
  for (const size of [1, 2, 3, 7, 64, 100_000]) {
    const reader = declarationReader()
    const bytes = Buffer.from(DUMP)
    for (let from = 0; from < bytes.length; from += size) reader.write(bytes.subarray(from, from + size))
    const found = reader.end()
    expect([...found.owners], `pieces of ${size}`).toEqual(['relation public.users: shop', 'function public.f(a text): "Odd Role"'])
    expect([...found.grants]).toEqual(['GRANT SELECT ON TABLE public.users TO reader'])
    expect([...found.policies]).toEqual(['policy own on public.users', 'row level security of public.users'])
    expect([...found.triggers]).toEqual(['touch on public.users', 'touch on public.users: disable'])
    expect([...found.notValid]).toEqual(['later of public.users'])
    expect([...found.definitions]).toEqual([
      'table public.users',
      'column public.users.id',
      'column public.users."odd name"',
      'constraint users_id_check of public.users',
      'function public.f',
      'constraint users_pkey of public.users',
      'constraint later of public.users',
      'index u',
    ])
  }
})
test('a line of data without an end takes no memory', () => {
  const reader = declarationReader()
  for (let turn = 0; turn < 200; turn += 1) reader.write(Buffer.alloc(100_000, 65))
  reader.write(Buffer.from('\nGRANT SELECT ON TABLE a TO b;\n'))
  expect([...reader.end().grants]).toEqual(['GRANT SELECT ON TABLE a TO b'])
})
test('a comparison names what is missing and what is added', () => {
  expect(compare(new Set(['a', 'b']), new Set(['b', 'c']))).toEqual({ expected: 2, missing: ['a'], unexpected: ['c'] })
})

test('errors of PostgreSQL are told without what they quote of rows', () => {
  const told = postgresErrors(
    [
      'psql:<stdin>:12: ERROR:  22P02: invalid input syntax for type integer: "CANARY"',
      'CONTEXT:  COPY users, line 3, column id: "CANARY"',
      'LOCATION:  pg_strtoint32, numutils.c:323',
      'psql:<stdin>:14: ERROR:  23505: could not create unique index "users_pkey"',
      'DETAIL:  Key (email)=(CANARY) is duplicated.',
      'psql:<stdin>:15: ERROR:  42601: syntax error at or near "CANARY"',
      'LINE 1: CANARY',
      'pg_restore: error: could not execute query: ERROR:  role "shop" does not exist',
      'Command was: ALTER TABLE public.users OWNER TO shop;',
      'pg_restore: error: could not execute query: ERROR:  role "shop" does not exist',
    ].join('\n'),
  )
  expect(JSON.stringify(told)).not.toContain('CANARY')
  expect(told).toEqual([
    { sqlstate: '22P02', message: 'invalid input syntax for type integer: "…"', count: 1 },
    { sqlstate: '23505', message: 'could not create unique index "users_pkey"', count: 1 },
    { sqlstate: '42601', message: 'syntax error at or near "…"', count: 1 },
    { sqlstate: '42704', message: 'role "shop" does not exist', count: 2 },
  ])
  expect(postgresErrors('')).toEqual([])
})
test('errors of MariaDB are told the same way', () => {
  expect(mysqlErrors("ERROR 1062 (23000) at line 40: Duplicate entry 'CANARY' for key 'PRIMARY'\nnothing")).toEqual([
    { sqlstate: '23000', message: "1062: Duplicate entry '…' for key '…'", count: 1 },
  ])
})

test('a server sees loopback alone, or what else it sees is named; no view is no proof', () => {
  const head = 'Inter-|   Receive\n face |bytes\n'
  expect(reachOf(`${head}    lo: 0 0\n`, 'Iface\tDestination\n')).toEqual({ interfaces: [], routes: 0 })
  expect(reachOf(`${head}    lo: 0 0\n  eth0: 1 1\n tunl0: 0 0\n`, 'Iface\tDestination\neth0\t00000000\n')).toEqual({ interfaces: ['eth0'], routes: 1 })
  expect(reachOf('', '').unread).toBeDefined()
})

test('a lease ends with everything in it; one whose process is dead is swept, one that lives is not', async () => {
  const before = process.env.TMPDIR
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'postproof-lease-'))
  try {
    const mine = await Lease.take()
    writeFileSync(join(await mine.makeFolder('plain'), 'rows.sql'), 'secret')
    const dead = await Lease.take()
    writeFileSync(
      join(dead.folder, 'lease.json'),
      JSON.stringify({ pid: process.pid, began: 'of another process', startedAt: '2026-01-01T00:00:00Z', containers: [] }),
    )
    const torn = join(mine.folder, '..', `${(Date.now() - 3_600_000).toString(36)}-0`)
    mkdirSync(torn)
    expect(await sweep()).toEqual(expect.arrayContaining([`drill ${dead.runId} of 2026-01-01T00:00:00Z`]))
    expect(readdirSync(join(mine.folder, '..'))).toEqual([mine.runId])
    expect(await mine.end()).toEqual([])
    expect(readdirSync(join(mine.folder, '..'))).toEqual([])
  } finally {
    rmSync(process.env.TMPDIR, { recursive: true, force: true })
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
})
test('whoever listens hears of phases until they stop listening', () => {
  const heard: string[] = []
  const stop = onDrillProgress(({ phase, state }) => heard.push(`${phase} ${state}`))
  drillProgress({ entry: 'a', phase: 'restore', detail: 'x', state: 'begun', elapsedMs: 0 })
  stop()
  drillProgress({ entry: 'a', phase: 'restore', detail: 'x', state: 'ended', elapsedMs: 1 })
  expect(heard).toEqual(['restore begun'])
})

/** Dumps of statements: what is counted, what must not be taken for a statement, and that the borders of chunks mean nothing. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shopDump } from '../../fixtures/backups.ts'
import { declarationReader } from './declarations.ts'
import type { DumpFacts } from './facts.ts'
import { bareName, sqlScanner } from './sql.ts'

const read = (text: string, ...cuts: readonly number[]): DumpFacts => {
  const bytes = Buffer.from(text)
  const scanner = sqlScanner()
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  places.slice(1).forEach((end, index) => scanner.write(bytes.subarray(places[index], end)))
  return scanner.end()
}
const HEAD = '--\n-- PostgreSQL database dump\n--\n\n'
const TAIL = '\n--\n-- PostgreSQL database dump complete\n--\n\n'
const postgres = (body: string): DumpFacts => read(`${HEAD}${body}${TAIL}`)
const mysql = (body: string): DumpFacts =>
  read(`-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)\n--\n${body}\n-- Dump completed on 2026-11-20  2:30:04\n`)
const rows = (facts: DumpFacts): Record<string, number | undefined> => Object.fromEntries(facts.tables.map((table) => [table.name, table.rows]))

describe('a dump of PostgreSQL', () => {
  test('is read whole: versions, tables, rows, objects, roles', () => {
    const facts = read(shopDump(40))
    expect(facts).toMatchObject({
      engine: 'postgres',
      scope: 'database',
      dumper: 'pg_dump 15.18',
      dumperVersion: '15.18',
      serverVersion: '15.18',
      rows: 240,
      copies: true,
      extensions: ['citext'],
      encoding: 'UTF8',
      rowSecurity: 'off',
      dangers: [],
      endMark: true,
      restrict: { closed: true },
    })
    expect(facts.open).toBeUndefined()
    expect(rows(facts)).toEqual({ 'public.users': 40, 'public.orders': 200 })
    expect(facts.objects).toEqual({
      tables: 2,
      indexes: 1,
      primaryKeys: 2,
      foreignKeys: 1,
      sequences: 1,
      sequenceSets: 1,
      views: 1,
      triggers: 1,
      functions: 1,
      policies: 1,
      largeObjects: 1,
    })
    expect([...facts.rolesNamed].sort()).toEqual(['reader', 'shop'])
  })

  test.each<[string, string, Partial<DumpFacts>]>([
    ['an empty COPY', 'COPY t (a) FROM stdin;\n\\.\n', { rows: 0, copies: true }],
    ['a COPY without columns, with Windows line ends', 'COPY t FROM stdin;\r\n1\r\n2\r\n\\.\r\n', { rows: 2 }],
    ['rows that begin with a backslash', 'COPY t (a) FROM stdin;\n\\N\n\\\\.\n\\.x\n\\.\n', { rows: 3 }],
    ['statements inside a COPY block are data', 'COPY t (a) FROM stdin;\nDROP DATABASE x;\n\\! id\n\\.\n', { rows: 2, dangers: [] }],
    ['INSERT of several rows, with a parenthesis in a value', "INSERT INTO t VALUES (1, 'a(b'), (2, f(3));\n", { rows: 2 }],
    ['INSERT with columns and a multi-line VALUES', 'INSERT INTO public.t (a, b) VALUES\n\t(1, 2),\n\t(3, 4);\n', { rows: 2 }],
    ['a semicolon in a value and in a name', 'CREATE TABLE "a;b" (c text DEFAULT \'x;y\');\n', { rows: 0 }],
    ['an escape string with a quote', "INSERT INTO t VALUES (E'it\\'s; (');\n", { rows: 1 }],
    ['a dollar quote within another', 'CREATE FUNCTION f() AS $a$ $b$ ; COPY t FROM stdin; $b$ $$ $a$;\nINSERT INTO t VALUES (1);\n', { rows: 1 }],
    ['a dollar that is part of a name', 'CREATE TABLE a$b$c (x int);\nINSERT INTO a$b$c VALUES (1);\n', { rows: 1 }],
    ['nested comments', '/* a /* b; */ c; */ INSERT INTO t VALUES (1);\n', { rows: 1 }],
    [
      'BEGIN ATOMIC with statements of its own',
      'CREATE FUNCTION f() RETURNS int\n BEGIN ATOMIC INSERT INTO x VALUES (1); SELECT 2; END;\nINSERT INTO t VALUES (1);\n',
      { rows: 1 },
    ],
  ])('%s', (_name, body, expected) => {
    expect(postgres(body)).toMatchObject({ ...expected, endMark: true })
    expect(postgres(body).open).toBeUndefined()
  })

  test.each<[string, string, string | undefined, boolean]>([
    ['inside a COPY', `${HEAD}COPY public.users (a) FROM stdin;\n1\n2`, 'COPY public.users', false],
    ['right after the head of a COPY', `${HEAD}COPY public.users (a) FROM stdin;`, 'COPY public.users', false],
    ['in a statement', `${HEAD}CREATE TABLE t (a int`, 'statement', false],
    ['in a value', `${HEAD}INSERT INTO t VALUES ('abc`, 'quote', false],
    ['in a function', `${HEAD}CREATE FUNCTION f() AS $$ begin`, 'quote', false],
    ['in a comment', `${HEAD}SELECT 1; /* abc`, 'comment', false],
    ['between statements', `${HEAD}SELECT 1;\n`, undefined, false],
    ['with the closing mark inside a function body', `${HEAD}CREATE FUNCTION f() AS $$\n-- PostgreSQL database dump complete\n$$;\n`, undefined, false],
    ['with the closing mark inside a row', `${HEAD}COPY t (a) FROM stdin;\n-- PostgreSQL database dump complete\n\\.\n`, undefined, false],
    ['with statements after the closing mark', `${HEAD}SELECT 1;${TAIL}SELECT 2;\n`, undefined, false],
  ])('ends %s', (_name, text, open, endMark) => {
    const facts = read(text)
    expect(facts.open).toBe(open)
    expect(facts.endMark).toBe(endMark)
  })

  test.each<[string, string]>([
    ['\\! id\n', 'shell'],
    ['\\copy t from program id\n', 'shell'],
    ["COPY t FROM PROGRAM 'id';\n", 'program'],
    ["ALTER SYSTEM SET archive_command = 'id';\n", 'server-setting'],
    ['DROP DATABASE live;\n', 'drop-database'],
    ["CREATE SUBSCRIPTION s CONNECTION 'host=x' PUBLICATION p;\n", 'subscription'],
    ['CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw;\n', 'foreign-server'],
    ["SELECT cron.schedule('x', '* * * * *', 'select 1');\n", 'job'],
  ])('%s is named', (body, kind) => {
    const found = postgres(body).dangers
    expect(found).toMatchObject([{ kind, line: 5 }])
  })

  test('roles of owners, grants, policies and default privileges; nobody by the name of PUBLIC', () => {
    const facts = postgres(
      'ALTER TABLE t OWNER TO "My Role";\nGRANT SELECT ON t TO reader;\nGRANT ALL ON t TO PUBLIC;\nREVOKE ALL ON t FROM writer;\nCREATE POLICY p ON t TO own USING (true);\nALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA public GRANT SELECT ON TABLES TO guest;\nCREATE SCHEMA s AUTHORIZATION keeper;\n',
    )
    expect([...facts.rolesNamed].sort()).toEqual(['My Role', 'boss', 'guest', 'keeper', 'own', 'reader', 'writer'])
  })

  test('the digest is that of the data: tokens and times do not count, rows do', () => {
    const dump = (token: string, row: string): string =>
      `${HEAD}\\restrict ${token}\n-- Started on ${token}\nCOPY t (a) FROM stdin;\n${row}\n\\.\n${TAIL}\\unrestrict ${token}\n`
    expect(read(dump('abc', '1')).contentDigest).toBe(read(dump('xyzuvw', '1')).contentDigest)
    expect(read(dump('abc', '1')).contentDigest).not.toBe(read(dump('abc', '2')).contentDigest)
  })

  test('pg_dumpall: a cluster, and roles alone', () => {
    const cluster = '--\n-- PostgreSQL database cluster dump\n--\nCREATE ROLE shop;\n'
    const end = '--\n-- PostgreSQL database cluster dump complete\n--\n'
    expect(read(`${cluster}${end}`)).toMatchObject({ scope: 'globals', rolesCreated: ['shop'], endMark: true })
    expect(read(`${cluster}\\connect shop\n${HEAD}CREATE TABLE t (a int);${TAIL}${end}`)).toMatchObject({
      scope: 'cluster',
      databases: ['shop'],
      endMark: true,
    })
  })
})

describe('a dump of MySQL', () => {
  test.each<[string, string, Partial<DumpFacts>]>([
    ['rows, backslashes and names in backquotes', "INSERT INTO `a;b` VALUES (1,'it\\'s; ('),(2,'\\\\'),(3,NULL);\n", { rows: 3 }],
    ['REPLACE and INSERT IGNORE', 'REPLACE INTO t VALUES (1);\nINSERT IGNORE INTO t VALUES (2);\n', { rows: 2 }],
    ['a comment of a hash', "# isn't it; odd\nINSERT INTO t VALUES (1);\n", { rows: 1 }],
    ['conditional comments are statements', '/*!40101 SET NAMES utf8mb4 */;\nINSERT INTO t VALUES (1);\n', { rows: 1, encoding: 'utf8mb4' }],
    [
      'a routine with its own delimiter',
      'DELIMITER ;;\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN INSERT INTO log VALUES (1); END ;;\nDELIMITER ;\nINSERT INTO t VALUES (1);\n',
      { rows: 1 },
    ],
  ])('%s', (_name, body, expected) => {
    expect(mysql(body)).toMatchObject({ ...expected, engine: 'mysql', dumper: 'mysqldump', dumperVersion: '8.0.36', endMark: true })
    expect(mysql(body).open).toBeUndefined()
  })
  test('MariaDB: its first line is a command to the client, not a statement', () => {
    const facts = read(
      '/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB\n--\n-- Host: localhost    Database: wiki\nINSERT INTO t VALUES (1);\n-- Dump completed on 2026-11-20  2:30:04\n',
    )
    expect(facts).toMatchObject({ engine: 'mysql', dumper: 'mariadb-dump', dumperVersion: '10.11.6', database: 'wiki', rows: 1, endMark: true })
  })
})

test('names without their quotes', () => {
  expect([bareName('public.users'), bareName('"a""b"."c.d"'), bareName('`x`.`y``z`')]).toEqual(['public.users', 'a"b.c.d', 'x.y`z'])
})

describe('whatever comes', () => {
  const tricky = shopDump(3).replace(
    'SET lock_timeout',
    "/* a /* b */ c */ INSERT INTO t VALUES (E'\\\\', $x$ $ $x $x$), ('a''b');\nCOPY e (a) FROM stdin;\n\\\\.\n\\.\n\nSET lock_timeout",
  )
  test('the borders of chunks mean nothing', () => {
    const whole = read(tricky)
    fc.assert(
      fc.property(fc.array(fc.nat(tricky.length), { maxLength: 12 }), (cuts) => {
        expect(read(tricky, ...cuts)).toEqual(whole)
      }),
      { numRuns: 300 },
    )
    expect(read(tricky, ...Array.from({ length: tricky.length }, (_, index) => index))).toEqual(whole)
  })
  test('what is declared is the same with the rows passed over, and rows declare nothing', () => {
    const text = `${shopDump(40)}COPY public.trap (a) FROM stdin;\nCREATE TABLE public.none (\nGRANT ALL ON TABLE public.none TO nobody;\n\\.\n\nCOPY public.empty (a) FROM stdin;\n\\.\n\nALTER TABLE public.last OWNER TO shop;\n`
    const reader = declarationReader()
    reader.write(Buffer.from(text))
    const declared = reader.end()
    expect(read(text).declarations).toEqual(declared)
    expect([...declared.owners].at(-1)).toBe('relation public.last: shop')
    expect([...declared.definitions, ...declared.grants].some((one) => one.includes('none'))).toBe(false)
  })
  test('no prefix of a dump is whole', () => {
    const text = shopDump(3)
    const end = text.indexOf('\n\\unrestrict')
    for (let length = 0; length < end; length += 7) {
      const facts = read(text.slice(0, length))
      expect(facts.endMark && facts.open === undefined && facts.restrict?.closed !== false).toBe(false)
    }
  })
  test('never throws, and keeps little', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        "'",
        '"',
        '`',
        '$$',
        '$a$',
        '--',
        '/*',
        '*/',
        '\\',
        '\\.',
        '\n',
        ';',
        '(',
        ')',
        'COPY t FROM stdin;\n',
        'INSERT INTO t VALUES (',
        'CREATE TABLE ',
        'DELIMITER ;;\n',
        HEAD,
        '-- MySQL dump 10\n',
        '/*!4 ',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(400), { maxLength: 5 }), (pieces, cuts) => {
        const facts = read(pieces.join(''), ...cuts)
        expect(facts.rows).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 1000 },
    )
  })
})

/** Drills in a target: what is said, with line and column, when something of one cannot be meant. */
import { expect, test } from 'vitest'
import { readYaml } from './problems.ts'

const SET = "    dir: backups\n    files: { db: 'db-{stamp}.sql', all: { name: 'all-{stamp}.tar.gz', kind: archive, members: { cache: '*.rdb' } } }\n"
const yaml = (drill: string): readonly string[] =>
  readYaml(`domain: example.com\nsecrets: { key: env:KEY }\nbackups:\n  - id: x\n${SET}    drill: ${drill}\n`, 'target.yaml').problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )
const application = (more: string): string => `{ application: { image: 'shop:1', port: 3000${more} } }`

test.each<[string, string, readonly string[]]>([
  ['an application with everything', application(", env: { A: 'x {db.url} {cache.host} {secret:key} {backup:APP_KEY}' }, smoke: [{ id: a, path: /a }]"), []],
  ['an image for each server', "{ images: { postgres: 'postgres:15', redis: 'redis:7' }, pull: missing }", []],
  ['one image for two kinds', "{ image: 'postgres:15', images: { redis: 'redis:7' } }", []],
  [
    'an image twice',
    "{ image: 'postgres:15', images: { mysql: 'mariadb:10' } }",
    ['7:21 `image` and `images` both say what the SQL database is restored into'],
  ],
  ['an image without containers', "{ engine: native, image: 'postgres:15' }", ['7:37 the engine native starts no image']],
  [
    'an application without containers',
    "{ engine: embedded, application: { image: 'a', port: 1 } }",
    ['7:45 the application is booted beside a database in a container, and the engine is embedded'],
  ],
  ['a file that the set has not', application(", env: { A: '{shop.url}' }"), ['7:68 the set has no file "shop"']],
  ['a field that nothing has', application(", env: { A: '{db.dsn}' }"), ['7:68 {db.dsn} is not known']],
  ['a secret that nobody declared', application(", env: { A: '{secret:keys}' }"), ['7:68 secrets has no "keys"']],
  ['two pages of one name', application(', smoke: [{ id: a, path: /a }, { id: a, path: /b }]'), ['7:93 two pages are named a']],
  ['an application without a port', "{ application: { image: 'a' } }", ['7:27 "port" is missing']],
  ['a memory that is none', "{ image: 'a', memory: lots }", ['7:34 this value cannot be used']],
  [
    'a key that nobody declared',
    "{ secretsMatch: [{ id: k, secret: keys, sql: 'select true' }] }",
    ['7:46 this looks like a literal secret', '7:46 secrets has no "keys"'],
  ],
  ['a key of no place', "{ secretsMatch: [{ id: k, sql: 'select true' }] }", ['7:29 this value cannot be used']],
  ['a key of two places', "{ secretsMatch: [{ id: k, secret: key, backup: KEY, sql: 'select true' }] }", ['7:29 this value cannot be used']],
  ['two ways to try a key', "{ secretsMatch: [{ id: k, secret: key, sql: 'select true', command: [a] }] }", ['7:29 this value cannot be used']],
  [
    'a command without an application',
    '{ secretsMatch: [{ id: k, command: [verify] }] }',
    ['7:47 the command is run in the booted application, and none is declared'],
  ],
  [
    'a key for a file that the set has not',
    "{ secretsMatch: [{ id: k, secret: key, sql: 'select true', database: shop }] }",
    ['7:81 the set has no file "shop"'],
  ],
  ['migrations of one database of several', '{ migrations: { tool: knex, database: db } }', []],
  ['migrations of a database in an archive', '{ migrations: { tool: knex, database: cache } }', []],
  ['migrations of a database that the set has not', '{ migrations: { tool: knex, database: shop } }', ['7:50 the set has no file "shop"']],
  ['a query of a database that the set has not', "{ queries: [{ id: q, sql: 'select 1', equals: 1, database: shop }] }", ['7:71 the set has no file "shop"']],
  ['a write to a database that the set has not', "{ writes: [{ id: w, sql: 'insert', database: shop }] }", ['7:57 the set has no file "shop"']],
  ['files from an archive that the set has not', '{ files: [{ table: t, path: p, from: uploads }] }', ['7:49 the set has no file "uploads"']],
  ['files of a database that the set has not', '{ files: [{ table: t, path: p, from: all, database: shop }] }', ['7:64 the set has no file "shop"']],
])('%s', (_name, drill, expected) => {
  expect(yaml(drill)).toEqual(expected)
})
test('a literal secret in the environment of the application is refused and never repeated', () => {
  const { problems } = readYaml(
    `domain: example.com\nbackups:\n  - id: x\n${SET}    drill: ${application(', env: { DB_PASSWORD: wJalrXUtnFEMI77xK7MDENG }')}\n`,
    'target.yaml',
  )
  expect(problems.map(({ message }) => message)).toEqual(['this looks like a literal secret'])
  expect(JSON.stringify(problems)).not.toContain('wJalr')
})

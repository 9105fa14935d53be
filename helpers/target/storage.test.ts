/** Buckets and keys in a target: what is said, with line and column, when they do not fit together. */
import { expect, test } from 'vitest'
import { readYaml } from './problems.ts'
import { bucketOf } from './storage.ts'

const yaml = (backup: string, secrets = 'secrets: { id: env:ID, key: env:KEY }'): readonly string[] =>
  readYaml(`domain: example.com\n${secrets}\nbackups:\n  - id: x\n    files: { db: 'db-{stamp}.sql' }\n${backup}`, 'target.yaml').problems.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )
const ACCESS = '{ endpoint: https://s3.example.com, accessKeyId: id, secretAccessKey: key }'

test.each<[string, string, readonly string[]]>([
  ['a folder', '    dir: backups\n', []],
  ['a bucket', `    dir: s3://b/p\n    s3: ${ACCESS}\n`, []],
  ['a bucket without access', '    dir: s3://b/p\n', ['6:10 a bucket needs `s3` beside it']],
  ['access without a bucket', `    dir: backups\n    s3: ${ACCESS}\n`, ['7:9 `dir` is a folder, no bucket']],
  ['a bucket that is none', `    dir: 's3:b'\n`, ['6:10 a bucket is written s3://bucket/prefix']],
  ['a second place without access', '    dir: backups\n    offsite: { dir: s3://b/p }\n', ['7:21 a bucket needs `s3` beside it']],
  [
    'a secret that nobody declared',
    `    dir: s3://b/p\n    s3: ${ACCESS.replace('secretAccessKey: key', 'secretAccessKey: keys')}\n`,
    ['7:79 secrets has no "keys"'],
  ],
  ['a key that nobody declared', '    dir: backups\n    encryption: { kind: age, identity: recovery }\n', ['7:40 secrets has no entry of that name']],
  ['a key that is declared', '    dir: backups\n    encryption: { kind: age, identity: key }\n', []],
])('%s', (_name, backup, expected) => {
  expect(yaml(backup)).toEqual(expected)
})
test.each([
  `    dir: s3://b/p\n    s3: ${ACCESS.replace('Key: key', 'Key: wJalrXUtnFEMI/K7MDENG+bPxRfiCY')}\n`,
  `    dir: s3://b/p\n    s3: ${ACCESS.replace('Key: key', 'Key: wJalrXUtnFEMI77xK7MDENG')}\n`,
  '    dir: backups\n    encryption: { kind: age, identity: AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQ }\n',
])('a literal secret is refused and never repeated', (backup) => {
  const { problems } = readYaml(
    `domain: example.com\nsecrets: { id: env:ID }\nbackups:\n  - id: x\n    files: { db: 'db-{stamp}.sql' }\n${backup}`,
    'target.yaml',
  )
  expect(problems.length).toBeGreaterThan(0)
  expect(JSON.stringify(problems)).not.toMatch(/wJalr|QQQQ/)
})
test('bucket and prefix', () => {
  expect(bucketOf('s3://b')).toEqual({ bucket: 'b', prefix: '' })
  expect(bucketOf('s3://b/')).toEqual({ bucket: 'b', prefix: '' })
  expect(bucketOf('s3://b/a/c//')).toEqual({ bucket: 'b', prefix: 'a/c/' })
  expect(bucketOf('/s3://b')).toBeUndefined()
})

import { expect, test } from 'vitest'
import type { ArtifactFacts } from '../artifact/facts.ts'
import { readable } from './application.ts'
import type { ServerKind } from './engines/docker.ts'
import { EngineError } from './engines/place.ts'
import { refusal } from './redis.ts'
import { declaredImage, defaultImage } from './servers.ts'

const dump = (words: object): { readonly facts: ArtifactFacts } => ({ facts: { dump: words } as unknown as ArtifactFacts })

test.each<[ServerKind, object, string | undefined, string | undefined]>([
  ['postgres', { serverVersion: '15.18', dumperVersion: '17.2' }, undefined, 'postgres:15'],
  ['postgres', { serverVersion: '15.18' }, '16.4', 'postgres:16'],
  ['postgres', {}, undefined, undefined],
  ['mysql', { dumper: 'mariadb-dump', serverVersion: '10.11.14' }, undefined, 'mariadb:10.11'],
  ['mysql', { dumper: 'mysqldump', serverVersion: '8.0.36' }, undefined, 'mysql:8.0'],
  // mysqldump is what MariaDB called its own until 10.
  ['mysql', { dumper: 'mysqldump', serverVersion: '10.6.1' }, undefined, 'mariadb:10.6'],
  ['mysql', { dumper: 'mysqldump', serverVersion: '9' }, undefined, 'mysql:9'],
  ['redis', { serverVersion: '7.0' }, '7.2', undefined],
])('the image of %s for %o, live %s, is %s', (kind, words, live, image) => {
  expect(defaultImage(kind, dump(words), live)).toBe(image)
})

test('one image is that of the SQL database of the set; each server may have its own', () => {
  const all = new Set<ServerKind>(['redis', 'postgres', 'mysql'])
  const [postgres, redis] = [declaredImage({ image: 'a' }, 'postgres', all), declaredImage({ image: 'a' }, 'redis', all)]
  expect([postgres, redis]).toEqual(['a', undefined])
  expect(declaredImage({ image: 'a' }, 'redis', new Set(['redis']))).toBe('a')
  expect(declaredImage({ image: 'a', images: { redis: 'b' } }, 'redis', all)).toBe('b')
  expect(declaredImage({}, 'postgres', all)).toBeUndefined()
})

test('what an application said is bounded, and holds nothing that it was given, no password and no address', () => {
  const key = 'pa"ss/word+1'
  const lines = [
    `first ${'x'.repeat(500)}`,
    `key ${key} ${encodeURIComponent(key)} ${JSON.stringify(key)} ${Buffer.from(key).toString('base64')}`,
    'postgresql://shop:CANARY@127.0.0.1/shop',
    'DB_PASSWORD=CANARY token: CANARY "api_key": "CANARY"',
    'mail to Zoe.Q@shop.example.com\u001b[31m',
    'again',
    'again',
  ]
  const said = readable(lines, [key, 'abc'])
  expect(said.join('\n')).not.toMatch(/CANARY|ss\/word|ss%2F|cGEi|example\.com|\u001b/)
  expect(said).toContain('mail to <address> [31m')
  expect(said.filter((line) => line === 'again')).toHaveLength(1)
  expect(Math.max(...said.map(({ length }) => length))).toBeLessThanOrEqual(200)
  expect(
    readable(
      Array.from({ length: 500 }, (_, index) => `line ${index}`),
      [],
    ),
  ).toHaveLength(8)
})

test('a server that did not take its file is told from one that was never there', () => {
  const of = (...said: readonly string[]): EngineError => new EngineError('died', 'it ended', { said })
  const start = '1:C 21 Nov 2026 12:00:00.000 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo'
  expect(refusal(of(start, "1:M 21 Nov 2026 12:00:00.000 # Can't handle RDB format version 99"))).toBe("Can't handle RDB format version 99")
  expect(refusal(of(start, "1:M 21 Nov 2026 12:00:00.000 # Unknown command 'FT.CREATE' reading the append only file a.aof"))).toContain("command 'FT.CREATE'")
  expect(refusal(of(start, "1:M 21 Nov 2026 12:00:00.000 # Unknown command 'a name of somebody' reading the append only file"))).not.toContain('somebody')
  expect(refusal(of(start))).toBe('it ended at once')
  expect(refusal(of('sh: 5: redis-server: not found'))).toBeUndefined()
  expect(refusal(of())).toBeUndefined()
})

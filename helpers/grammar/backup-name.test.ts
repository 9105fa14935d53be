import { describe, expect, test } from 'vitest'
import { backupName, pathMatches } from './backup-name.ts'

describe('names with a time', () => {
  test.each<[string, string, string | undefined]>([
    ['app-{stamp}.sql.gz', 'app-20261120-023000.sql.gz', '2026-11-20T02:30:00.000Z'],
    ['app-{stamp}.sql.gz', 'app-2026-11-20T02-30-00Z.sql.gz', '2026-11-20T02:30:00.000Z'],
    ['app_{stamp}.db', 'app_2026-11-20_02-30.db', '2026-11-20T02:30:00.000Z'],
    ['app_{stamp}.db', 'app_20261120.db', '2026-11-20T00:00:00.000Z'],
    ['{YYYYMMDD_HHMMSS}.tar.gz', '20240101_120000.tar.gz', '2024-01-01T12:00:00.000Z'],
    ['x-{YYYY-MM-DD-HHMM}.sql', 'x-2026-11-20-0230.sql', '2026-11-20T02:30:00.000Z'],
    // A neighbour that begins alike, an ending more, a day that does not exist, an hour that does not exist, another letter for the dot.
    ['app-{stamp}.sql', 'app-prod-20261120-023000.sql', undefined],
    ['app-{stamp}.sql', 'app-20261120-023000.sql.part', undefined],
    ['app-{stamp}.sql', 'app-20260231-023000.sql', undefined],
    ['app-{stamp}.sql', 'app-20261120-993000.sql', undefined],
    ['app-{stamp}.sql', 'app-20261120-023000xsql', undefined],
    ['app-{stamp}.sql', '', undefined],
  ])('%s and %s', (pattern, name, stamp) => {
    expect(backupName(pattern).matches(name)?.stamp).toBe(stamp)
  })
  test('a name without a time is matched as it is', () => {
    expect(backupName('latest.dump').matches('latest.dump')).toEqual({})
    expect(backupName('latest.dump').matches('latest.dump2')).toBeUndefined()
  })
  test('the time of a zone, on both sides of a change of the clock', () => {
    const berlin = backupName('{YYYYMMDD-HHMMSS}', 'Europe/Berlin')
    expect(berlin.matches('20260701-023000')?.stamp).toBe('2026-07-01T00:30:00.000Z')
    expect(berlin.matches('20261201-023000')?.stamp).toBe('2026-12-01T01:30:00.000Z')
    expect(berlin.matches('20260329-040000')?.stamp).toBe('2026-03-29T02:00:00.000Z')
    expect(() => backupName('{stamp}', 'Nowhere/Else')).toThrow(RangeError)
  })
})

test.each<[string, string, boolean]>([
  ['**/*.dump', 'backup/db/shop.dump', true],
  ['**/*.dump', 'shop.dump', true],
  ['db/*.dump', 'db/a/shop.dump', false],
  ['./db/*.dump', 'db/shop.dump', true],
  ['db/*.dump', './db/shop.dump', true],
  ['env/.env', 'env/xenv', false],
  ['certs/**', 'certs/a/b.pem', true],
  ['a?c', 'a/c', false],
  ['a+(b)', 'a+(b)', true],
  ['**/a', 'x/y/a', true],
  ['**/a', 'x/ya', false],
  ['a**b', 'a/x/b', true],
  ['a/**/b', 'a/b', true],
  ['*', '', true],
  ['**', 'a\nb', true],
  // Names made to be shared among the stars in every way.
  ['**a**a**a**b', 'a'.repeat(4_096), false],
  ['**/**/**/**/x', 'a/'.repeat(2_048), false],
  ['*a*a*a*a*b', 'a'.repeat(4_096), false],
])('%s and %s', (glob, path, expected) => {
  expect(pathMatches(glob, path)).toBe(expected)
})

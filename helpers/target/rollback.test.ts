/** What a rollback may not be declared as, each with its place. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { loadTarget } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-rollback-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HEAD = `domain: example.com
hosts: { '@': {} }
backups:
  - { id: nightly, dir: /b, files: { db: "db-{stamp}.sql" } }
rollback:
`
const WHOLE = `  native: true
  deploy:
    steps: [{ name: go, run: [ln, -s, a, b] }]
    verify: [{ name: up, request: { path: / } }]
  levels:
    - level: full
      steps: [{ name: back, run: [rm, b] }]
      verify: [{ name: up, run: [test, -e, a] }]
`
async function problemsOf(text: string): Promise<readonly string[]> {
  const path = join(folder, 'target.yaml')
  writeFileSync(path, HEAD + text)
  const loaded = await loadTarget(path)
  return loaded.ok ? [] : loaded.problems.map(({ line, column, path: at, message, hint }) => `${line}:${column} ${at}: ${message} (${hint ?? ''})`)
}

test('whole', async () => {
  expect(await problemsOf(WHOLE)).toEqual([])
})

test.each<[string, string, string, RegExp]>([
  ['Docker', 'run: [rm, b]', 'run: [/usr/bin/docker, compose, down]', /^12:35 rollback\.levels\[0\]\.steps\[0\]\.run\[0\]: docker acts on the whole machine/],
  ['another machine', 'run: [ln, -s, a, b]', 'run: [ssh, live, reboot]', /^8:\d+ rollback\.deploy\.steps\[0\]\.run\[0\]: ssh acts on the whole machine/],
  ['a shell', 'run: [test, -e, a]', 'run: [sh, -c, "test -e a"]', /^13:\d+ rollback\.levels\[0\]\.verify\[0\]\.run\[0\]: sh is a shell, and none is allowed/],
  ['two ways at once', 'run: [rm, b]', 'run: [rm, b], request: { path: / }', /^12:\d+ rollback\.levels\[0\]\.steps\[0\]: .*either `run` or `request`/],
  [
    'a request in the background',
    'run: [rm, b]',
    'request: { path: / }, background: true',
    /^12:\d+ rollback\.levels\[0\]\.steps\[0\]\.background: a request does not go on/,
  ],
  [
    'a database that nobody can ask for',
    'run: [rm, b]',
    'run: [rm, b], needs: database',
    /^12:\d+ rollback\.levels\[0\]\.steps\[0\]\.needs: nothing tells whether the database is up/,
  ],
  ['another host', 'request: { path: / }', 'request: { path: "https://example.com/" }', /^9:\d+ rollback\.deploy\.verify\[0\]\.request\.path/],
  ['not said to be of this machine', 'native: true', 'native: false', /^6:\d+ rollback\.native/],
  [
    'one level twice',
    '  levels:\n',
    '  levels:\n    - { level: full, steps: [{ name: x, run: [y] }], verify: [{ name: x, run: [y] }] }\n',
    /rollback\.levels: .*each level once/,
  ],
  ['a backup that nobody declared', '  native: true\n', '  native: true\n  backup: nightli\n', /^7:11 rollback\.backup: backups has no "nightli"/],
  ['a backup that nobody drills', '  native: true\n', '  native: true\n  backup: nightly\n', /^7:11 rollback\.backup: the backup nightly is not drilled/],
])('%s', async (_name, from, to, expected) => {
  const problems = await problemsOf(WHOLE.replace(from, () => to))
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(expected)
})

test('a backup script is held to the same', async () => {
  const backup = (run: string): string =>
    `domain: example.com\nhosts: { '@': {} }\nbackups:\n  - { id: nightly, dir: /b, files: { db: "db-{stamp}.sql" }, notifications: { native: true, run: ${run}, failing: { A: b } } }\n`
  const path = join(folder, 'backup.yaml')
  writeFileSync(path, backup('[docker, exec, db, backup.sh]'))
  const loaded = await loadTarget(path)
  expect(loaded.ok ? [] : loaded.problems.map(({ line, column, path: at }) => `${line}:${column} ${at}`)).toEqual(['4:99 backups[0].notifications.run[0]'])
  writeFileSync(path, backup('[./backup.sh]').replace('{ A: b }', '{}'))
  const empty = await loadTarget(path)
  expect(empty.ok ? [] : empty.problems.map(({ line, path: at, hint }) => `${line} ${at} ${hint ?? ''}`)).toEqual([
    expect.stringMatching(/^4 backups\[0\]\.notifications\.failing .*provokes no failure/),
  ])
})

test('a shell may be allowed', async () => {
  expect(await problemsOf(WHOLE.replace('native: true\n', 'native: true\n  shell: true\n').replace('run: [rm, b]', 'run: [sh, -c, "rm b"]'))).toEqual([])
})

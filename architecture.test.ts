/** The import table of CONTRIBUTING ("The house"), read from the import lines themselves. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = dirname(fileURLToPath(import.meta.url))
const files = ['cli', 'helpers', 'suites', 'reports', 'fixtures']
  .flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.split(sep).join('/'))

const importsOf = (file: string): { readonly path: string; readonly typeOnly: boolean }[] =>
  [
    ...readFileSync(join(root, file), 'utf8').matchAll(/^(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm),
  ].map((match) => {
    const specifier = match[2] ?? match[3] ?? match[4] ?? ''
    return {
      path: specifier.startsWith('.')
        ? relative(root, resolve(root, dirname(file), specifier))
            .split(sep)
            .join('/')
        : specifier,
      typeOnly: match[1] !== undefined,
    }
  })

type Rule = { readonly name: string; readonly of: (file: string) => boolean; readonly may: (path: string, typeOnly: boolean, file: string) => boolean }
const ours = (path: string): boolean => /^(?:cli|helpers|suites|reports|fixtures|bench|index\.ts)/.test(path)
const isTest = (file: string): boolean => file.endsWith('.test.ts')

const WORDS = ['helpers/verdict.ts', 'helpers/figure.ts', 'helpers/observations.ts']

const RULES: readonly Rule[] = [
  {
    name: 'grammar imports nothing of ours but grammar',
    of: (file) => file.startsWith('helpers/grammar/'),
    may: (path) => !ours(path) || path.startsWith('helpers/grammar/') || path === 'helpers/observations.ts',
  },
  { name: 'the words import nothing of ours but words', of: (file) => WORDS.includes(file), may: (path) => !ours(path) || WORDS.includes(path) },
  {
    name: 'the target imports only its own parts',
    of: (file) => file === 'helpers/target.ts' || file.startsWith('helpers/target/'),
    may: (path) => !ours(path) || path === 'helpers/target.ts' || path.startsWith('helpers/target/'),
  },
  {
    name: 'probes record facts: no check, no verdict, no suite, no report',
    of: (file) => file.startsWith('helpers/probes/'),
    may: (path) =>
      !ours(path) || (path.startsWith('helpers/') && !['helpers/verdict.ts', 'helpers/check.ts', 'helpers/run.ts', 'helpers/gate.ts'].includes(path)),
  },
  {
    name: 'helpers know no suites, reports, fixtures or commands',
    of: (file) => file.startsWith('helpers/'),
    may: (path) => !ours(path) || path.startsWith('helpers/'),
  },
  {
    name: 'a check imports helpers and its own suite, never another check, never vitest',
    of: (file) => file.endsWith('.check.ts'),
    may: (path, _typeOnly, file) =>
      path !== 'vitest' && !path.endsWith('.check.ts') && (!ours(path) || path.startsWith('helpers/') || dirname(path) === dirname(file)),
  },
  {
    name: 'a check opens no sockets',
    of: (file) => file.startsWith('suites/') && !isTest(file),
    may: (path) => !/^(?:node:)?(?:net|tls|http|https|http2|dgram|dns|child_process)(?:\/|$)|^(?:undici|ws)$/.test(path),
  },
  {
    name: 'vitest is known to the live entry, the runner, its traps and what declares the matrix alone',
    of: (file) => file !== 'cli/runner-thread.ts' && file !== 'fixtures/matrix/part.ts' && !file.startsWith('cli/traps/'),
    may: (path) => !path.startsWith('vitest'),
  },
  {
    name: 'reports import types from helpers, and each other',
    of: (file) => file.startsWith('reports/'),
    may: (path, typeOnly) =>
      !ours(path) || path.startsWith('reports/') || (path.startsWith('helpers/') && (typeOnly || path === 'helpers/verdict.ts' || path === 'helpers/gate.ts')),
  },
  {
    name: 'a fake shares no code with what it tests',
    of: (file) => file.startsWith('fixtures/') && !['fixtures/try.ts', 'fixtures/proof.ts'].includes(file),
    may: (path, typeOnly) =>
      !ours(path) ||
      path.startsWith('fixtures/') ||
      path === 'helpers/target.ts' ||
      path.startsWith('helpers/target/') ||
      (typeOnly && path === 'helpers/verdict.ts'),
  },
  {
    name: 'only commands and tests import fixtures',
    of: (file) => !file.startsWith('fixtures/') && !file.startsWith('cli/'),
    may: (path) => !path.startsWith('fixtures/'),
  },
]

test('there are files to judge', () => {
  expect(files.length).toBeGreaterThan(100)
})

test.each(RULES)('$name', ({ of, may }) => {
  const judged = files.filter((file) => !isTest(file) && of(file))
  expect(judged.length).toBeGreaterThan(0)
  const wrong = judged.flatMap((file) =>
    importsOf(file)
      .filter(({ path, typeOnly }) => !may(path, typeOnly, file))
      .map(({ path }) => `${file} imports ${path}`),
  )
  expect(wrong).toEqual([])
})

test('the rules can fail', () => {
  const rule = RULES.find(({ name }) => name.startsWith('a check imports'))
  expect(rule?.may('suites/tls/other.check.ts', false, 'suites/tls/one.check.ts')).toBe(false)
  expect(rule?.may('vitest', false, 'suites/tls/one.check.ts')).toBe(false)
})

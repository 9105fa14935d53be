/** Signing a report and proving it later: as a user does it, and as somebody who would rather have another verdict. */
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { contradictions } from '../reports/attestation/contradictions.ts'
import { preAuthentication, readKey, seal, unseal } from '../reports/attestation/dsse.ts'
import { digestOf, readChain } from '../reports/attestation/receipts.ts'
import type { Report } from '../reports/report.ts'
import { sampleReport } from '../reports/testing/sample.ts'
import { writeReport } from '../reports/write.ts'
import { type Ended, postproof } from './testing/postproof.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-sign-'))
const at = (...parts: string[]): string => join(folder, ...parts)
const run = (...args: readonly string[]): Promise<Ended> => postproof(args, { cwd: folder })
const green = (): Report =>
  sampleReport({
    results: sampleReport().results.filter(({ outcome, evidence }) => outcome === 'pass' && evidence.length > 0),
    gate: { passed: true, exitCode: 0, block: 'high', blocking: [] },
  })
/** The sample's figures as they follow from its verdicts. */
const red = (): Report => {
  const base = sampleReport()
  const blocking = base.results
    .filter(
      ({ outcome, severity, waiver }) =>
        (outcome === 'fail' || outcome === 'inconclusive') && waiver === undefined && (severity === 'high' || severity === 'critical'),
    )
    .map(({ check, subject }) => `${check} ${subject}`)
  return { ...base, gate: { ...base.gate, blocking } }
}
const signing = (...more: readonly string[]): readonly string[] => ['--key', 'key', '--performed-by', 'Operations', ...more]

beforeAll(async () => {
  const made = await run('report', 'keygen', 'key')
  expect(made.status, made.stderr).toBe(0)
  for (const [name, report] of [
    ['green', green()],
    ['red', red()],
  ] as const) {
    mkdirSync(at(name))
    expect(await writeReport(at(name), report)).toEqual([])
  }
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A signed copy of the green report, with a chain of its own. */
async function signed(name: string, from = 'green'): Promise<string> {
  cpSync(at(from), at(name, 'report'), { recursive: true })
  const ended = await run(
    'report',
    'sign',
    `${name}/report`,
    ...signing('--reviewed-by', 'Release <b>board</b>', '--decision', from === 'green' ? 'accept' : 'reject'),
  )
  expect(ended.status, ended.stderr).toBe(0)
  return name
}
const verify = (name: string, ...more: readonly string[]): Promise<Ended> => run('report', 'verify', `${name}/report`, '--key', 'key.pub', ...more)

test('a key is for its owner alone, and never overwritten', async () => {
  expect(statSync(at('key')).mode & 0o777).toBe(0o600)
  const before = readFileSync(at('key'), 'utf8')
  const again = await run('report', 'keygen', 'key')
  expect(again.status).toBe(3)
  expect(again.stderr).toContain('is there already')
  expect(readFileSync(at('key'), 'utf8')).toBe(before)
})

test('what was signed is verified, and the readers see who signed', async () => {
  await signed('good')
  const ended = await verify('good')
  expect(ended.stderr).toBe('')
  expect(ended.status).toBe(0)
  expect(ended.stdout).toMatch(/as signed: shop.*PASSED; accept by Operations, reviewed by Release <b>board<\/b> at /)
  expect(ended.stdout).toContain('5 files, receipt 1 of 1')
  const page = readFileSync(at('good', 'report', 'report.html'), 'utf8')
  expect(page).toContain('<dd>Operations</dd>')
  expect(page).toContain('Release &lt;b&gt;board')
  expect(readFileSync(at('good', 'report', 'report.md'), 'utf8')).toMatch(/\| `Operations` \| `Release <b>board<\/b>` \| accept \|/)
})

test('a well-signed failure is no green', async () => {
  await signed('failed', 'red')
  const ended = await verify('failed')
  expect(ended.status).toBe(1)
  expect(ended.stdout).toContain('NOT PASSED; reject by Operations')
})

test.each<[string, readonly string[], RegExp]>([
  ['accepted though its gate failed', ['red', ...signing('--decision', 'accept')], /gate did not pass: --decision accept-with-actions/],
  ['actions without words', ['red', ...signing('--decision', 'accept-with-actions')], /needs --note/],
  ['another decision', ['green', ...signing('--decision', 'maybe')], /accept, accept-with-actions, reject/],
  ['no report', ['nowhere', ...signing('--decision', 'accept')], /nowhere\/report\.json is not there/],
  ['no key', ['green', '--key', 'none', '--performed-by', 'A', '--decision', 'accept'], /none is not there/],
  ['the public key', ['green', '--key', 'key.pub', '--performed-by', 'A', '--decision', 'accept'], /is no private key in PEM form/],
  ['nobody', ['green', '--key', 'key', '--decision', 'accept'], /--performed-by/],
])('is not signed: %s', async (_name, args, message) => {
  const ended = await run('report', 'sign', ...args)
  expect(ended.status).toBe(3)
  expect(ended.stderr).toMatch(message)
})

test('keys of another kind are named', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(at('rsa.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const ended = await run('report', 'sign', 'green', '--key', 'rsa.pem', '--performed-by', 'A', '--decision', 'accept')
  expect(ended.status).toBe(3)
  expect(ended.stderr).toContain('a key of type rsa; Ed25519 is what reports are signed with')
})

const edit = (path: string, change: (text: string) => string): void => writeFileSync(path, change(readFileSync(path, 'utf8')))
test.each<[string, (name: string) => void | Promise<unknown>, RegExp]>([
  [
    'report.json changed',
    (name) => edit(at(name, 'report', 'report.json'), (text) => text.replace('"api.example.com"', '"api.example.org"')),
    /report\.json was changed after it was signed/,
  ],
  [
    'report.html changed',
    (name) => edit(at(name, 'report', 'report.html'), (text) => text.replace('Failed', 'Passed').concat(' ')),
    /report\.html was changed/,
  ],
  ['a format gone', (name) => rmSync(at(name, 'report', 'junit.xml')), /junit\.xml was signed and is not there/],
  [
    'the signature of another',
    async (name) => {
      expect((await run('report', 'keygen', `${name}-other`)).status).toBe(0)
      const forged = await run('report', 'sign', `${name}/report`, '--key', `${name}-other`, '--performed-by', 'Operations', '--decision', 'accept')
      expect(forged.status, forged.stderr).toBe(0)
    },
    /no signature of it is by this key/,
  ],
  [
    'the payload changed',
    (name) =>
      edit(at(name, 'report', 'attestation.json'), (text) => {
        const envelope = JSON.parse(text) as { payload: string }
        envelope.payload = Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace('"Operations"', '"Somebody"')).toString('base64')
        return JSON.stringify(envelope)
      }),
    /no signature of it is by this key/,
  ],
  ['no envelope', (name) => writeFileSync(at(name, 'report', 'attestation.json'), '{}'), /is no DSSE envelope/],
  [
    'a statement of something else',
    (name) =>
      edit(at(name, 'report', 'attestation.json'), () => JSON.stringify(seal(Buffer.from('{"hello":1}'), readKey(readFileSync(at('key'), 'utf8'), 'private')))),
    /no statement about a report/,
  ],
  [
    'a statement that says more than its report',
    (name) =>
      edit(at(name, 'report', 'attestation.json'), (text) => {
        const statement = JSON.parse(Buffer.from((JSON.parse(text) as { payload: string }).payload, 'base64').toString()) as {
          predicate: { passedTests: string[] }
        }
        statement.predicate.passedTests.push('tls/validity other.example.com')
        return JSON.stringify(seal(Buffer.from(JSON.stringify(statement)), readKey(readFileSync(at('key'), 'utf8'), 'private')))
      }),
    /says something else than the report/,
  ],
  ['no chain', (name) => rmSync(at(name, 'postproof-receipts.jsonl')), /postproof-receipts\.jsonl is not there/],
  ['a chain without it', (name) => writeFileSync(at(name, 'postproof-receipts.jsonl'), ''), /has no receipt of it/],
  ['a cut chain', (name) => edit(at(name, 'postproof-receipts.jsonl'), (text) => text.slice(0, -20)), /is broken: .*line 1 is no JSON/],
])('is not believed: %s', async (what, change, message) => {
  const name = await signed(`tampered-${digestOf(what).slice(0, 8)}`)
  await change(name)
  const ended = await verify(name)
  expect(ended.stderr).toMatch(message)
  expect(ended.status).not.toBe(0)
})

test('receipts follow one another: none vanishes from the middle, none is put in', async () => {
  const name = await signed('chain')
  const path = at(name, 'postproof-receipts.jsonl')
  for (const next of ['second', 'third']) {
    cpSync(at('green'), at(name, next), { recursive: true })
    const ended = await run('report', 'sign', `${name}/${next}`, ...signing('--decision', 'accept'))
    expect(ended.status, ended.stderr).toBe(0)
  }
  expect((await verify(name)).stdout).toContain('receipt 1 of 3')
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  expect(readChain(`${lines.join('\n')}\n`).problems).toEqual([])
  const [one = '', two = '', three = ''] = lines
  for (const broken of [
    [one, three],
    [two, three],
    [one, three, two],
    [one, two.replace('accept', 'reject'), three],
    [one, one, two, three],
  ]) {
    writeFileSync(path, `${broken.join('\n')}\n`)
    const ended = await verify(name)
    expect(ended.status).toBe(1)
    expect(ended.stderr).toContain('is broken')
  }
  const refused = await run('report', 'sign', `${name}/second`, ...signing('--decision', 'accept'))
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('begin another with --receipts')
})

describe('a report that contradicts itself', () => {
  const claims = (over: Partial<Report>): readonly string[] => contradictions({ ...red(), ...over })
  test('as it was written it does not', () => {
    expect(contradictions(green())).toEqual([])
    expect(contradictions(red()).filter((line) => !line.includes('passes without evidence'))).toEqual([])
  })
  test.each<[string, () => readonly string[], RegExp]>([
    [
      'passed with failures',
      () => claims({ gate: { ...red().gate, passed: true, exitCode: 0 } }),
      /says that the gate passed, but \d+ of its verdicts block it/,
    ],
    [
      'passed, judged nothing',
      () => contradictions({ ...green(), results: [], counts: { pass: 0, warn: 0, fail: 0, inconclusive: 0, skip: 0 } }),
      /nothing was judged/,
    ],
    ['passed, exit 1', () => contradictions({ ...green(), gate: { ...green().gate, exitCode: 1 } }), /exit 1 and that the gate passed/],
    ['blocking left out', () => claims({ gate: { ...red().gate, blocking: [] } }), /does not list among what blocks/],
    ['miscounted', () => claims({ counts: { ...red().counts, fail: 0 } }), /counts 0 fail/],
    ['judged twice', () => claims({ results: [...red().results, ...red().results.slice(0, 1)] }), /twice/],
    [
      'a pass without evidence',
      () => contradictions({ ...green(), results: green().results.map((one) => ({ ...one, evidence: [] })) }),
      /passes without evidence/,
    ],
    [
      'a waiver that had expired',
      () => claims({ results: red().results.map((one) => (one.waiver === undefined ? one : { ...one, waiver: { ...one.waiver, expires: '2026-02-01' } })) }),
      /expired/,
    ],
    ['ended before it began', () => claims({ finishedAt: '2020-01-01T00:00:00.000Z' }), /before it began/],
  ])('%s', (_name, found, message) => {
    expect(found().join('\n')).toMatch(message)
  })
  test('is not signed', async () => {
    cpSync(at('red'), at('liar'), { recursive: true })
    edit(at('liar', 'report.json'), (text) => text.replace('"passed": false', '"passed": true').replace('"exitCode": 1', '"exitCode": 0'))
    const ended = await run('report', 'sign', 'liar', ...signing('--decision', 'accept'))
    expect(ended.status).toBe(1)
    expect(ended.stderr).toContain('contradicts itself')
  })
})

test('the pre-authentication encoding is that of the specification', () => {
  expect(preAuthentication('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  )
})
test('an envelope opens with its key and with no other', () => {
  const pair = generateKeyPairSync('ed25519')
  const envelope = seal(Buffer.from('é'), pair.privateKey)
  expect(unseal(envelope, pair.publicKey)?.toString()).toBe('é')
  expect(unseal({ ...envelope, payloadType: 'text/plain' }, pair.publicKey)).toBeUndefined()
  expect(unseal(envelope, generateKeyPairSync('ed25519').publicKey)).toBeUndefined()
})

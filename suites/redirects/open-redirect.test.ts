import { describe, expect, test } from 'vitest'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Observed, ProbeFailure } from '../../helpers/probe.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import check from './open-redirect.check.ts'

const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} } }), { sha256: '0'.repeat(64) })
const subject = check.subjects(target)[0] as ReturnType<typeof check.subjects>[number]
const common = { startedAt: '2026-01-01T00:00:00.000Z', durationMs: 1, attempts: 1 }
const answer = (url: string, location: string): Observed<HttpObservation> => ({
  ok: true,
  ...common,
  value: {
    url,
    method: 'GET',
    status: 301,
    statusText: '',
    httpVersion: '1.1',
    headers: [['Location', location]],
    body: Buffer.alloc(0),
    wireBytes: 0,
    truncated: false,
    decodeFailed: false,
    peer: '192.0.2.1:80',
    reused: true,
    at: common.startedAt,
    timings: { ttfbMs: 1, transferMs: 0, totalMs: 1, loopDelayMs: 0 },
  },
})
const failed = (code: string, phase: ProbeFailure['phase']): Observed<HttpObservation> => ({ ok: false, ...common, failure: { code, message: code, phase } })
const names = Object.keys(check.needs(subject, target, {}))
const forged = names.find((name) => name.endsWith(' forged')) as string
const judge = (special: Readonly<Record<string, Observed<HttpObservation>>>) =>
  check.judge(Object.fromEntries(names.map((name) => [name, special[name] ?? answer('http://example.com/', 'https://example.com/')])) as never, {
    target,
    subject,
    now: new Date(0),
    options: {},
  })

describe('redirects/open-redirect: a forged Host', () => {
  const cases: readonly (readonly [string, Observed<HttpObservation>, string])[] = [
    ['is answered with the own name', answer('http://example.com/', 'https://example.com/'), 'pass'],
    ['is hung up on (nginx return 444)', failed('UND_ERR_SOCKET', 'response'), 'pass'],
    ['is reset', failed('ECONNRESET', 'request'), 'pass'],
    ['brings silence', failed('TIMEOUT', 'response'), 'inconclusive'],
    ['could not be asked', failed('EHOSTUNREACH', 'connect'), 'inconclusive'],
    ['ends up in the Location', answer('http://example.com/', 'https://postproof-unknown.example/'), 'fail'],
  ]
  test.each(cases)('%s', (_title, seen, outcome) => {
    expect(judge({ [forged]: seen }).outcome).toBe(outcome)
  })
  test('a path that brings no answer is not excused', () => {
    const path = names.find((name) => name !== forged) as string
    expect(judge({ [path]: failed('UND_ERR_SOCKET', 'response') }).outcome).toBe('inconclusive')
  })
})

import { describe, expect, it } from 'vitest'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Observed, ProbeFailure } from '../../helpers/probe.ts'
import type { PathAtAddress } from '../../helpers/probes/every-address.ts'
import { normaliseTarget } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import check from './every-address.check.ts'

const NOW = new Date('2026-11-01T00:00:00Z')
const AT = NOW.toISOString()
const observed = (body: string, status = 200, headers: HttpObservation['headers'] = [['Content-Type', 'text/plain']]): Observed<HttpObservation> => ({
  ok: true,
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
  value: {
    url: 'https://api.example.com/.env',
    method: 'GET',
    status,
    statusText: '',
    httpVersion: '2',
    headers,
    body: Buffer.from(body),
    wireBytes: body.length,
    truncated: false,
    decodeFailed: false,
    peer: '192.0.2.2:443',
    reused: true,
    at: AT,
    timings: { ttfbMs: 1, transferMs: 1, totalMs: 2, loopDelayMs: 0 },
  },
})
const failed = (code: string, phase: ProbeFailure['phase'] = 'connect'): Observed<never> => ({
  ok: false,
  failure: { code, message: code, phase },
  startedAt: AT,
  durationMs: 1,
  attempts: 1,
})
const NONE = observed('Not found', 404)
const ENV = observed('DB_PASSWORD=hunter2hunter2\nAPP_ENV=production\n')
const HEAD = observed('ref: refs/heads/main\n')
const at = (address: string, path: string, seen: Observed<HttpObservation>, sibling?: Observed<HttpObservation>): PathAtAddress => ({
  address,
  path,
  seen,
  ...(sibling === undefined ? {} : { sibling }),
})
const V4 = '192.0.2.2'
const V6 = '2001:db8::1'
const target = normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { api: {} } }), { sha256: '0'.repeat(64) })
const judge = (...looks: readonly PathAtAddress[]) =>
  check.judge({ looks } as never, { target, subject: { name: 'api.example.com', host: target.hosts[0] as never }, now: NOW, options: {} })

describe('exposure/every-address', () => {
  it.each<readonly [string, readonly PathAtAddress[], string]>([
    ['nothing there', [at(V4, '/.env', NONE), at(V4, '/.git/HEAD', NONE)], 'pass'],
    ['an environment file', [at(V4, '/.env', ENV, NONE), at(V4, '/.git/HEAD', NONE)], 'fail critical'],
    ['a repository at the third address', [at(V4, '/.git/HEAD', NONE), at(V6, '/.git/HEAD', HEAD, NONE)], 'fail'],
    [
      'an application that answers everything',
      [at(V4, '/.env', observed('<!doctype html><title>App</title>'), observed('<!doctype html><title>App</title>'))],
      'pass',
    ],
    ['the same to every path', [at(V4, '/.env', ENV, ENV)], 'pass'],
    ['a challenge', [at(V4, '/.env', observed('', 403, [['cf-mitigated', 'challenge']]))], 'inconclusive'],
    ['silence on the way', [at(V4, '/.env', failed('TIMEOUT', 'response'))], 'inconclusive'],
    ['a dead address beside a good one', [at(V4, '/.env', NONE), at(V6, '/.env', failed('ECONNREFUSED'))], 'pass'],
    ['dead addresses alone', [at(V4, '/.env', failed('ECONNREFUSED'))], 'inconclusive'],
    ['a family that this machine lacks', [at(V6, '/.env', failed('ENETUNREACH'))], 'skip'],
    ['one address', [], 'skip'],
  ])('%s', (_, looks, expected) => {
    const verdict = judge(...looks)
    expect(`${verdict.outcome} ${'severity' in verdict ? (verdict.severity ?? '') : ''}`.trim()).toBe(expected)
    if (verdict.outcome === 'fail') expect(verdict).toMatchObject({ code: 'exposure.address' })
    expect(JSON.stringify(verdict)).not.toContain('hunter2')
  })
})

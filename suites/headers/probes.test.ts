/** The gathered looks of this suite against a deployment on loopback: what they bring, what they cost, what a host that fails makes of them. */
import { expect, test } from 'vitest'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { startWorld, type WorldRequest, type WorldResponse } from '../../fixtures/world.ts'
import { defineCheck } from '../../helpers/check.ts'
import { bodyText, headerValue } from '../../helpers/headers.ts'
import { attempt, type Observed, type Probe } from '../../helpers/probe.ts'
import { runTarget } from '../../helpers/run.ts'
import type { Host } from '../../helpers/target.ts'
import { pass } from '../../helpers/verdict.ts'
import { documentAgain, lookAt, wholePage } from './probes.ts'

/** Looks at `git` of a world where `answer` stands in for it; with the requests it got. */
async function seen<T>(
  answer: (request: WorldRequest, count: number) => WorldResponse,
  probe: (host: Host) => Probe<T>,
): Promise<{ readonly result: Observed<T>; readonly requests: readonly string[] }> {
  const world = healthyWorld()
  const git = world.hosts.git
  if (git === undefined) throw new RangeError('no such host')
  const requests: string[] = []
  git.https = (request) => {
    requests.push(`${request.method} ${request.target}`)
    return answer(request, requests.length)
  }
  const running = await startWorld(world)
  try {
    const host = running.target.hosts.find((one) => one.name === 'git')
    if (host === undefined) throw new RangeError('no such host')
    let result: Observed<T> | undefined
    const check = defineCheck({
      id: 'headers/look',
      title: '',
      failureTitle: '',
      why: '',
      source: '',
      severity: 'info',
      codes: {},
      options: {},
      subjects: () => [{ name: host.fqdn, host }],
      unless: { skip: 'not-declared', reason: '' },
      needs: () => ({ looked: attempt(probe(host)) }),
      judge: ({ looked }) => {
        result = looked
        return pass({ what: '', expected: '', received: '' })
      },
      reproduce: () => '',
    })
    await runTarget(running.target, { catalogue: [check] })
    if (result === undefined) throw new Error('nothing was looked at')
    return { result, requests }
  } finally {
    await running.stop()
  }
}
const page = (body: string, headers: readonly (readonly [string, string])[] = []): WorldResponse => ({
  status: 200,
  headers: [['Content-Type', 'text/html; charset=utf-8'], ...headers],
  body: `<!doctype html><html><body>${body}</body></html>`,
})

test('paths and methods come under their names, each asked once', async () => {
  const { result, requests } = await seen(
    (request) => ({ ...page(request.target), status: request.target === '/b' ? 500 : 200 }),
    (host) => lookAt(host, [{ path: '/a' }, { path: '/b', right: [500] }, { path: '/a', method: 'HEAD' }]),
  )
  if (!result.ok) throw new Error(result.failure.message)
  expect(result.value.map(({ path, method, right, seen: one }) => [path, method, right, one.ok && one.value.status, one.ok && one.value.method])).toEqual([
    ['/a', undefined, undefined, 200, 'GET'],
    ['/b', undefined, [500], 500, 'GET'],
    ['/a', 'HEAD', undefined, 200, 'HEAD'],
  ])
  expect([...requests].sort()).toEqual(['GET /a', 'GET /b', 'HEAD /a'])
})

test('one path that fails does not hide the others', async () => {
  const { result } = await seen(
    (request) => (request.target === '/b' ? { status: 200, drop: true } : page('')),
    (host) => lookAt(host, [{ path: '/a' }, { path: '/b' }, { path: '/c' }]),
  )
  if (!result.ok) throw new Error(result.failure.message)
  expect(result.value.map(({ seen: one }) => one.ok)).toEqual([true, false, true])
})

test('the document, the same again, and past every cache', async () => {
  const { result, requests } = await seen((_, count) => page('', [['X-Count', String(count)]]), documentAgain)
  if (!result.ok) throw new Error(result.failure.message)
  const { first, again, fresh } = result.value
  expect([
    headerValue(first.headers, 'x-count'),
    again.ok && headerValue(again.value.headers, 'x-count'),
    fresh.ok && headerValue(fresh.value.headers, 'x-count'),
  ]).toEqual(['1', '2', '3'])
  expect(requests.slice(0, 2)).toEqual(['GET /', 'GET /'])
  expect(requests[2]).toMatch(/^GET \/\?postproof=[0-9a-z]+$/)
})

test('the second look has a connection of its own and speaks HTTP/1.1, the others share theirs', async () => {
  const from: (readonly [number | undefined, string])[] = []
  await seen((request) => {
    from.push([request.connection, request.httpVersion])
    return page('')
  }, documentAgain)
  const [first, again, fresh] = from
  expect([first?.[1], again?.[1], fresh?.[1]]).toEqual(['2', '1.1', '2'])
  expect(again?.[0]).not.toBe(first?.[0])
  expect(fresh?.[0]).toBe(first?.[0])
})

test('a host that hangs up is a failure of the look, not of the run', async () => {
  const { result } = await seen(() => ({ status: 200, drop: true }), documentAgain)
  expect(result.ok).toBe(false)
})

test('a page is fetched as a whole only when it was cut', async () => {
  const small = await seen(() => page('<img src="/a.png">'), wholePage)
  expect(small.requests).toEqual(['GET /'])
  const filler = `<p>${'x'.repeat(400_000)}</p>`
  const large = await seen(() => page(`${filler}<script src="http://cdn.example.net/last.js"></script>`), wholePage)
  if (!large.result.ok) throw new Error(large.result.failure.message)
  expect(large.requests).toEqual(['GET /', 'GET /'])
  expect(large.result.value.cut).toBe(false)
  expect(bodyText(large.result.value.document).length).toBeGreaterThan(400_000)
  expect(large.result.value.references.map(({ raw }) => raw)).toEqual(['http://cdn.example.net/last.js'])
})

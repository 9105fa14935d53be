/** Judgement of the suite with plain objects, and the walk itself: clean-up whatever happens, nothing without consent, no captured value in what is said. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import { impactOf, type JourneyLook, type StepLook } from '../../helpers/probes/journey.ts'
import { runTarget } from '../../helpers/run.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import cleanUp from './clean-up.check.ts'
import failedRequests from './failed-requests.check.ts'
import pageErrors from './page-errors.check.ts'
import policyViolations from './policy-violations.check.ts'
import steps from './steps.check.ts'

const AT = '2026-11-21T12:00:00.000Z'
type Entry = NonNullable<TargetInput['journeys']>[number]
const targetOf = (journey: Entry, port = 1, allow: TargetInput['allow'] = ['write', 'login']): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      hosts: { '@': {} },
      ...(allow === undefined ? {} : { allow }),
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: port } },
      journeys: [journey],
    }),
    { sha256: '0'.repeat(64), secrets: new Map([['account', 'password-of-the-test']]) },
  )
const TWO: Entry = {
  id: 'order',
  steps: [
    { name: 'sign in', url: 'http://{domain}/login' },
    { name: 'look', browser: [{ open: 'http://{domain}/' }] },
  ],
  cleanUp: [{ name: 'remove', url: 'http://{domain}/orders/1', method: 'DELETE' }],
}
const step = (more: Partial<StepLook> = {}): StepLook => ({
  name: 'sign in',
  kind: 'request',
  what: 'GET http://{domain}/login',
  startMs: 0,
  endMs: 9,
  status: 200,
  at: AT,
  expected: [{ kind: 'status', what: 'status', expected: '200', received: '200', ok: true }],
  tries: 1,
  actions: [],
  troubles: [],
  ...more,
})
const page = (more: Partial<StepLook> = {}): StepLook =>
  step({ name: 'look', kind: 'browser', expected: [], actions: [{ what: 'open', ok: true, detail: '200', ms: 4 }], ...more })
const removed = (more: Partial<StepLook> = {}): StepLook => step({ name: 'remove', kind: 'clean-up', ...more })
const look = (...walked: readonly StepLook[]): { look: JourneyLook } => ({ look: { id: 'order', steps: walked } })
const wrong = (kind: StepLook['expected'][number]['kind']): Partial<StepLook> => ({ expected: [{ kind, what: 'x', expected: 'a', received: 'b', ok: false }] })
function judged(check: Check, seen: object): Verdict {
  const target = targetOf(TWO)
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('no subject')
  return check.judge(seen as never, { target, subject, now: new Date(AT), options: check.options })
}

describe('judgement', () => {
  test.each<[string, Check, object, Verdict['outcome'], string?]>([
    ['all is as it should be', steps, look(step(), page(), removed()), 'pass'],
    ['a status', steps, look(step(wrong('status'))), 'fail', 'journeys.step.status'],
    ['a value', steps, look(step(wrong('json'))), 'fail', 'journeys.step.value'],
    ['a list', steps, look(step(wrong('items'))), 'fail', 'journeys.step.items'],
    ['a text', steps, look(step(wrong('content'))), 'fail', 'journeys.step.content'],
    ['an empty page', steps, look(step(wrong('text'))), 'fail', 'journeys.step.empty-page'],
    ['all at once', steps, look(step(wrong('streamed'))), 'fail', 'journeys.step.buffered'],
    ['too slow', steps, look(step(wrong('time'))), 'fail', 'journeys.step.slow'],
    ['nothing captured', steps, look(step(wrong('capture'))), 'fail', 'journeys.step.capture'],
    ['no answer', steps, look(step({ expected: [], failure: { code: 'EOF', message: 'closed', phase: 'response' } })), 'fail', 'journeys.step.no-answer'],
    [
      'a button that is not there',
      steps,
      look(step(), page({ actions: [{ what: 'click button', ok: false, detail: 'timeout', ms: 9 }] })),
      'fail',
      'journeys.step.page',
    ],
    ['pages without end', steps, look(step(), page({ beyond: 300, actions: [{ what: 'open', ok: false, detail: 'closed', ms: 4 }] })), 'inconclusive'],
    ['pages without end, after the last action', steps, look(step(), page({ beyond: 300 })), 'inconclusive'],
    ['pages without end were not all seen', pageErrors, look(step(), page({ beyond: 300 })), 'inconclusive'],
    ['a limiter', steps, look(step({ status: 429, ...wrong('status') })), 'inconclusive'],
    [
      'an expectation that cannot be read',
      steps,
      look(step({ expected: [{ kind: 'json', what: '$', expected: '', received: '', ok: false, misused: 'bad expression' }] })),
      'inconclusive',
    ],
    [
      'a limit that was expected, and a value that is wrong',
      steps,
      look(
        step({
          status: 429,
          expected: [
            { kind: 'status', what: 'status', expected: '429', received: '429', ok: true },
            { kind: 'header', what: 'retry-after', expected: 'present', received: 'absent', ok: false },
          ],
        }),
      ),
      'fail',
      'journeys.step.value',
    ],
    [
      'a limit that nobody expected',
      steps,
      look(step({ status: 429, expected: [{ kind: 'header', what: 'x', expected: 'a', received: 'a', ok: true }] })),
      'inconclusive',
    ],
    ['what a step needs was not captured', steps, look(step(), step({ expected: [], leftOut: 'no order' })), 'fail', 'journeys.step.capture'],
    ['a step is missing', steps, look(step()), 'inconclusive'],
    ['no steps', steps, look(), 'inconclusive'],
    ['what fails while cleaning up is told elsewhere', steps, look(step(), page(), removed(wrong('status'))), 'pass'],
    ['cleaned', cleanUp, look(step(), page(), removed()), 'pass'],
    ['not cleaned', cleanUp, look(step(), page(), removed(wrong('status'))), 'fail', 'journeys.clean-up.failed'],
    [
      'no answer while cleaning',
      cleanUp,
      look(removed({ expected: [], failure: { code: 'EOF', message: 'closed', phase: 'response' } })),
      'fail',
      'journeys.clean-up.failed',
    ],
    ['nothing to clean', cleanUp, look(step(wrong('status')), removed({ expected: [], leftOut: 'nothing was captured' })), 'skip'],
    ['quiet pages', pageErrors, look(step(), page()), 'pass'],
    ['a console error', pageErrors, look(step(), page({ troubles: [{ kind: 'console', text: 'boom' }] })), 'fail', 'journeys.page.errors'],
    ['an exception', pageErrors, look(step(), page({ troubles: [{ kind: 'exception', text: 'TypeError' }] })), 'fail', 'journeys.page.errors'],
    [
      'a request',
      failedRequests,
      look(step(), page({ troubles: [{ kind: 'request', text: 'GET fetch: 500', url: 'https://example.com/api' }] })),
      'fail',
      'journeys.page.requests',
    ],
    ['every request arrives', failedRequests, look(step(), page()), 'pass'],
    ['another trouble than a request', failedRequests, look(step(), page({ troubles: [{ kind: 'console', text: 'boom' }] })), 'pass'],
    ['no page was reached, and so no request', failedRequests, look(step(wrong('status'))), 'inconclusive'],
    ['no page was reached, and so no policy', policyViolations, look(step(wrong('status'))), 'inconclusive'],
    ['the policy', policyViolations, look(step(), page({ troubles: [{ kind: 'policy', text: 'img-src blocked data' }] })), 'fail', 'journeys.page.policy'],
    ['another trouble', policyViolations, look(step(), page({ troubles: [{ kind: 'console', text: 'boom' }] })), 'pass'],
    ['no page was reached', pageErrors, look(step(wrong('status'))), 'inconclusive'],
  ])('%s', (_name, check, seen, outcome, code) => {
    const verdict = judged(check, seen)
    expect(verdict).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
    if (outcome === 'pass' || outcome === 'fail') expect(verdict.figures?.[0]?.kind ?? 'timeline').toBe('timeline')
  })
  test('a journey belongs to the host that it begins at, and is shown by a request to it', () => {
    const shownOf = (entry: Entry) => {
      const target = targetOf(entry)
      const [subject] = steps.subjects(target)
      return [subject?.host?.fqdn, subject === undefined ? '' : steps.reproduce(subject, target)]
    }
    const request = { name: 'a', url: 'http://{domain}/a', method: 'PUT' } as const
    const open = { name: 'b', browser: [{ open: 'http://{domain}/b' }] }
    expect(shownOf({ id: 'x', steps: [request, open] })).toEqual(['example.com', expect.stringMatching(/PUT.*http:\/\/example\.com\/a/)])
    expect(shownOf({ id: 'x', steps: [open] })).toEqual(['example.com', expect.stringContaining('example.com/')])
    expect(shownOf({ id: 'x', steps: [{ name: 'c', url: 'http://elsewhere.example.net/' }] })[0]).toBeUndefined()
    expect(cleanUp.subjects(targetOf({ id: 'x', steps: [request], cleanUp: [] }))).toEqual([])
    expect(cleanUp.subjects(targetOf({ id: 'x', steps: [request] }))).toEqual([])
  })
  test('the picture says of each step how it went', () => {
    const { figures } = judged(
      steps,
      look(step({ tries: 2 }), page({ troubles: [{ kind: 'console', text: 'boom' }] }), step(wrong('status')), step({ expected: [], leftOut: 'no order' })),
    )
    const [figure] = figures ?? []
    const spans = figure?.kind === 'timeline' ? figure.spans.map(({ outcome, note }) => `${outcome} ${note ?? ''}`) : []
    expect(spans).toEqual(['pass 200, at try 2', 'warn 200', 'fail 200', 'skip no order'])
  })
  test('what a journey does decides the consent it needs', () => {
    const parsed = (entry: Entry) => (targetOf(entry).file.journeys ?? [])[0] as never
    expect(impactOf(parsed({ id: 'a', steps: [{ name: 'read', url: 'http://{domain}/' }] }))).toBe('read')
    expect(impactOf(parsed({ id: 'a', auth: { bearerFrom: 'account' }, steps: [{ name: 'read', url: 'http://{domain}/' }] }))).toBe('login')
    expect(impactOf(parsed({ id: 'a', steps: [{ name: 'write', url: 'http://{domain}/', method: 'POST' }] }))).toBe('write')
    expect(impactOf(parsed({ id: 'a', writes: false, steps: [{ name: 'sign in', url: 'http://{domain}/', method: 'POST' }] }))).toBe('login')
    expect(impactOf(parsed({ id: 'a', steps: [{ name: 'click', browser: [{ click: 'button' }] }] }))).toBe('write')
  })
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
async function serverWith(answer: (request: IncomingMessage) => { status: number; body?: string } | undefined): Promise<{ port: number; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((request: IncomingMessage, reply: ServerResponse) => {
    request.resume()
    requests.push(`${request.method} ${request.url}`)
    const said = answer(request)
    if (said === undefined) request.socket.destroy()
    else reply.writeHead(said.status, { 'Content-Type': 'application/json' }).end(said.body ?? '{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(resolve)
      }),
  )
  return { port: (server.address() as AddressInfo).port, requests }
}
const ORDER: Entry = {
  id: 'order',
  steps: [
    { name: 'make', url: 'http://{domain}/orders', method: 'POST', json: { password: '{secret:account}' }, capture: { order: { json: '$.id' } } },
    { name: 'read', url: 'http://{domain}/orders/{order}', expect: { json: { '$.token': 'none' } } },
  ],
  cleanUp: [{ name: 'remove', url: 'http://{domain}/orders/{order}', method: 'DELETE', expect: { status: 204 } }],
}

describe('the walk', () => {
  test('cleans up after a step that failed, and shows nothing that was captured', async () => {
    const { port, requests } = await serverWith((request) =>
      request.method === 'POST'
        ? { status: 201, body: '{"id":"order-4711-abcdef"}' }
        : request.method === 'DELETE'
          ? { status: 204 }
          : { status: 200, body: '{"token":"order-4711-abcdef"}' },
    )
    const { results } = await runTarget(targetOf(ORDER, port), { catalogue: [steps, cleanUp] })
    expect(requests).toEqual(['POST /orders', 'GET /orders/order-4711-abcdef', 'DELETE /orders/order-4711-abcdef'])
    expect(results.find(({ check }) => check === steps.id)).toMatchObject({ outcome: 'fail', code: 'journeys.step.value' })
    expect(results.find(({ check }) => check === cleanUp.id)?.outcome).toBe('pass')
    expect(JSON.stringify(results)).not.toContain('order-4711-abcdef')
    expect(JSON.stringify(results)).not.toContain('password-of-the-test')
  })
  test('cleans up after a connection that broke', async () => {
    const { port, requests } = await serverWith((request) =>
      request.method === 'POST' ? { status: 201, body: '{"id":"7"}' } : request.method === 'DELETE' ? { status: 204 } : undefined,
    )
    const { results } = await runTarget(targetOf(ORDER, port), { catalogue: [steps] })
    expect(results[0]).toMatchObject({ outcome: 'fail', code: 'journeys.step.no-answer' })
    expect(requests.at(-1)).toBe('DELETE /orders/7')
  })
  test('asks again until it is so, and no longer than it may', async () => {
    let asked = 0
    const { port } = await serverWith(() => ({ status: 200, body: `{"left":${3 - (asked += 1)}}` }))
    const again: Entry = {
      id: 'queue',
      steps: [{ name: 'empty', url: 'http://{domain}/queue', expect: { json: { '$.left': 0 } }, retry: { seconds: 5, everyMs: 50 } }],
    }
    expect((await runTarget(targetOf(again, port), { catalogue: [steps] })).results[0]?.outcome).toBe('pass')
    expect(asked).toBe(3)
  })
  test('without consent nothing is asked', async () => {
    const { port, requests } = await serverWith(() => ({ status: 200 }))
    const { results } = await runTarget(targetOf(ORDER, port, ['login']), { catalogue: [steps] })
    expect(results[0]).toMatchObject({ outcome: 'skip', skip: 'not-authorised' })
    expect(requests).toEqual([])
  })
})

/** Judgement of the suite with plain objects, the products as data, and the probe against servers that lock, ban, lie or are not there. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { Check } from '../../helpers/check.ts'
import type { DoorLook, Identity, LoginLook, PageLook, Try } from '../../helpers/probes/default-credentials.ts'
import type { Observed } from '../../helpers/probe.ts'
import { runTarget } from '../../helpers/run.ts'
import { normaliseTarget, type Target, type TargetInput } from '../../helpers/target.ts'
import { targetSchema } from '../../helpers/target/schema.ts'
import type { Verdict } from '../../helpers/verdict.ts'
import anonymous from './anonymous.check.ts'
import declaredSeed from './declared-seed.check.ts'
import firstRun from './first-run.check.ts'
import openRegistration from './open-registration.check.ts'
import { PRODUCTS } from './products/index.ts'
import wellKnownLogin from './well-known-login.check.ts'

const NOW = new Date('2026-11-21T12:00:00.000Z')
const targetOf = (input: Partial<TargetInput>, secrets?: Record<string, string>): Target =>
  normaliseTarget(targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, ...input }), {
    sha256: '0'.repeat(64),
    ...(secrets === undefined ? {} : { secrets: new Map(Object.entries(secrets)) }),
  })
const declared = (product: string, more: object = {}) =>
  targetOf({ defaultCredentials: { discover: false, services: [{ url: 'https://tool.{domain}', product, ...more }] } })
function judged(check: Check, target: Target, seen: object): Verdict {
  const [subject] = check.subjects(target)
  if (subject === undefined) throw new Error('no subject')
  return check.judge(seen as never, { target, subject, now: NOW, options: check.options })
}
const page = (path: string, matched: boolean, more: Partial<PageLook> = {}): PageLook => ({ path, matched, status: 200, obstacle: false, ...more })
const identity = (product: string | undefined, more: Partial<Identity> = {}): Identity => ({
  url: 'https://tool.example.com',
  ...(product === undefined ? {} : { product, mark: '/' }),
  looks: [page('/', product !== undefined)],
  ...more,
})
const seen = (value: Identity): { seen: Observed<Identity> } => ({ seen: { ok: true, value, startedAt: NOW.toISOString(), durationMs: 1, attempts: 1 } })
const tried = (kind: Try['kind'], outcome: Try['outcome']): Try => ({ kind, username: kind === 'control' ? 'nobody-x' : 'admin', outcome, detail: outcome })
const door = (tries: readonly Try[], more: Partial<DoorLook> = {}): DoorLook => ({ door: 'login form', anonymous: false, proof: '/me', tries, ...more })
const logins = (doors: readonly DoorLook[], more: Partial<LoginLook> = {}): { look: LoginLook } => ({
  look: { url: 'https://tool.example.com', product: 'grafana', identity: identity('grafana'), doors, ...more },
})
const refused = [tried('control', 'refused'), tried('known', 'refused')]

describe('well-known passwords', () => {
  const target = declared('grafana')
  test.each<[string, { look: LoginLook }, Verdict['outcome']]>([
    ['refused at every door', logins([door(refused), door(refused, { door: 'API' })]), 'pass'],
    ['one door does not exist', logins([door([tried('control', 'closed')]), door(refused, { door: 'API' })]), 'pass'],
    ['no door exists', logins([door([tried('control', 'closed')])]), 'inconclusive'],
    ['accepted', logins([door([tried('control', 'refused'), tried('known', 'accepted')])], { stopped: 'one was accepted' }), 'fail'],
    ['accepted at the second door only', logins([door(refused), door([tried('control', 'refused'), tried('known', 'accepted')])]), 'fail'],
    ['anything is accepted', logins([door([tried('control', 'accepted')])], { stopped: 'an account that cannot exist is let in' }), 'inconclusive'],
    ['a lock', logins([door([tried('control', 'refused'), tried('known', 'locked')])], { stopped: 'locked' }), 'inconclusive'],
    ['no clear answer', logins([door([tried('control', 'unclear')])], { stopped: 'unclear' }), 'inconclusive'],
    ['the proof needs no login', logins([door([], { anonymous: true })], { stopped: 'read without a login' }), 'inconclusive'],
    ['not that product', { look: { url: 'x', identity: identity(undefined), doors: [] } }, 'inconclusive'],
    ['no attempt at all', logins([]), 'skip'],
  ])('%s', (_name, look, outcome) => {
    const verdict = judged(wellKnownLogin, target, look)
    expect(verdict.outcome).toBe(outcome)
    if (outcome === 'fail') expect(verdict).toMatchObject({ code: 'default-credentials.login.accepted' })
    if (outcome === 'fail') expect(verdict.evidence[0]?.received).toBe('accepted')
    if (outcome === 'pass') expect(verdict.evidence.length).toBeGreaterThan(1)
  })
  test('a name that no product has is the target file’s mistake', () => {
    expect(judged(wellKnownLogin, declared('grafanna'), {})).toMatchObject({ outcome: 'inconclusive', blame: 'misused' })
  })
  test('a host where nothing known answers is passed over, a declared service is not', () => {
    const nothing = { look: { url: 'x', identity: identity(undefined), doors: [] } }
    expect(judged(wellKnownLogin, targetOf({ defaultCredentials: {} }), nothing)).toMatchObject({ outcome: 'skip', skip: 'not-applicable' })
  })
  test('an account of the example file', () => {
    const own = targetOf({
      secrets: { example: 'env:EXAMPLE' },
      defaultCredentials: { seeds: [{ url: 'https://tool.{domain}', product: 'grafana', username: 'admin', passwordFrom: 'example' }] },
    })
    expect(judged(declaredSeed, own, logins([door(refused)]))).toMatchObject({ outcome: 'pass' })
    expect(judged(declaredSeed, own, logins([door([tried('control', 'refused'), tried('known', 'accepted')])]))).toMatchObject({
      code: 'default-credentials.seed.accepted',
    })
    expect(judged(declaredSeed, own, { look: { url: 'x', identity: identity(undefined), doors: [] } })).toMatchObject({ outcome: 'inconclusive' })
  })
})

describe('pages that stand open', () => {
  test.each<[string, Check, string, Identity, Verdict['outcome'], string?]>([
    ['claimed', firstRun, 'n8n', identity('n8n', { unclaimed: page('/s', false), claimed: page('/s', true) }), 'pass'],
    [
      'unclaimed',
      firstRun,
      'n8n',
      identity('n8n', { unclaimed: page('/s', true), claimed: page('/s', false) }),
      'fail',
      'default-credentials.first-run.unclaimed',
    ],
    ['neither', firstRun, 'n8n', identity('n8n', { unclaimed: page('/s', false), claimed: page('/s', false) }), 'inconclusive'],
    [
      'claimed, where nothing but its set-up is known',
      firstRun,
      'nginx-proxy-manager',
      identity('nginx-proxy-manager', { unclaimed: page('/api/', false) }),
      'pass',
    ],
    [
      'a page that is not there, where nothing but its set-up is known',
      firstRun,
      'nginx-proxy-manager',
      identity('nginx-proxy-manager', { unclaimed: page('/api/', false, { status: 404 }) }),
      'inconclusive',
    ],
    ['not that product', firstRun, 'n8n', identity(undefined), 'inconclusive'],
    ['closed', openRegistration, 'gitea', identity('gitea', { registration: page('/r', false), registrationClosed: page('/r', true) }), 'pass'],
    [
      'open',
      openRegistration,
      'gitea',
      identity('gitea', { registration: page('/r', true), registrationClosed: page('/r', false) }),
      'fail',
      'default-credentials.registration.open',
    ],
    [
      'a limiter',
      openRegistration,
      'gitea',
      identity('gitea', { registration: page('/r', false, { status: 429, obstacle: true }), registrationClosed: page('/r', false) }),
      'inconclusive',
    ],
    ['kept', anonymous, 'mailpit', identity('mailpit', { open: page('/m', false), kept: page('/m', true) }), 'pass'],
    ['shown', anonymous, 'mailpit', identity('mailpit', { open: page('/m', true), kept: page('/m', false) }), 'fail', 'default-credentials.anonymous.content'],
    ['another page, where no page of a login is known', anonymous, 'mailpit', identity('mailpit', { open: page('/m', false) }), 'pass'],
    [
      'a broken gateway, where no page of a login is known',
      anonymous,
      'mailpit',
      identity('mailpit', { open: page('/m', false, { status: 502, obstacle: true }) }),
      'inconclusive',
    ],
    [
      'a broken gateway in place of the registration',
      openRegistration,
      'gitea',
      identity('gitea', { registration: page('/r', false, { status: 502, obstacle: true }) }),
      'inconclusive',
    ],
    [
      'no registration before the set-up',
      openRegistration,
      'gitea',
      identity('gitea', { registration: page('/r', false, { status: 502, obstacle: true }), unclaimed: page('/s', true) }),
      'skip',
    ],
    [
      'a broken gateway',
      anonymous,
      'mailpit',
      identity('mailpit', { open: page('/m', false, { status: 502, obstacle: true }), kept: page('/m', false) }),
      'inconclusive',
    ],
  ])('%s', (_name, check, product, value, outcome, code) => {
    const verdict = judged(check, declared(product), seen(value))
    expect(verdict).toMatchObject({ outcome, ...(code === undefined ? {} : { code }) })
  })
  test('sign-up that is meant to be open', () => {
    expect(judged(openRegistration, declared('gitea', { registration: 'open' }), seen(identity('gitea', { registration: page('/r', true) })))).toMatchObject({
      outcome: 'skip',
    })
  })
})

describe('products', () => {
  test('there are at least twenty, each with a name of its own, and each says something', () => {
    expect(PRODUCTS.length).toBeGreaterThanOrEqual(20)
    expect(new Set(PRODUCTS.map(({ id }) => id)).size).toBe(PRODUCTS.length)
    for (const product of PRODUCTS) {
      expect(product.marks.length, product.id).toBeGreaterThan(0)
      expect(product.doors ?? product.firstRun ?? product.open, product.id).toBeDefined()
      expect(product.pairs ?? [], product.id).toSatisfy((pairs: readonly unknown[]) => pairs.length <= 2)
      if (product.pairs !== undefined) expect(product.doors?.length, product.id).toBeGreaterThan(0)
    }
  })
  test('no account is tried so often that its product would lock it', () => {
    for (const { id, pairs = [], doors = [], lockAfter } of PRODUCTS) {
      if (lockAfter === undefined) continue
      const tries = doors.flatMap((_door, index) => (index === 0 ? pairs : pairs.slice(0, 1))).map(([username]) => username)
      for (const username of new Set(tries)) expect(tries.filter((one) => one === username).length, id).toBeLessThanOrEqual(lockAfter - 2)
    }
  })
  test.each([
    ['grafana', '"database":"a"', ''],
    ['keycloak', '"realm":"master"', ''],
    ['listmonk', 'Powered by <a', ''],
    ['nginx-proxy-manager', '"status":"OK"', ''],
    ['pgadmin', '"csrfToken" ', ''],
    ['pgadmin', 'name="csrf_token"', ''],
    ['sonarqube', '"status":"UP"', ''],
    ['wallabag', 'wallabag', '<title>'],
    ['wordpress', 'id="setup"', ''],
  ])('%s is not known by %s over and over', (product, piece, start) => {
    const text = start + piece.repeat(Math.ceil(262_144 / piece.length))
    const { marks = [], doors = [] } = PRODUCTS.find(({ id }) => id === product) ?? {}
    const expressions = [...marks.map(({ body }) => body), ...doors.flatMap(({ before, proof }) => [before?.find, proof.not])].filter(
      (one) => one !== undefined,
    )
    expect(expressions.length).toBeGreaterThan(0)
    expect(expressions.filter((one) => one.test(text))).toEqual([])
  })
  test('a page of any other kind is none of them', () => {
    const pages = [
      '<!doctype html><title>Shop</title><h1>Welcome</h1><a href="/login">Sign in</a>',
      '{"status":"ok"}',
      '<title>Homepage</title>Grafana Gitea n8n Portainer code-server Mailpit listmonk',
    ]
    for (const body of pages)
      for (const { id, marks } of PRODUCTS)
        for (const mark of marks.filter(({ path }) => path === '/')) {
          const fits = (mark.status?.includes(200) ?? true) && mark.header === undefined && (mark.body?.test(body) ?? true)
          expect(fits, `${id}: ${body}`).toBe(false)
        }
  })
})

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})
type Answer = (request: IncomingMessage, body: string) => { status: number; body?: string; headers?: Record<string, string> }
async function judgedAt(answer: Answer, checks: readonly Check[] = [wellKnownLogin]) {
  const requests: string[] = []
  const server = createServer((request: IncomingMessage, reply: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      const said = answer(request, body)
      reply.writeHead(said.status, said.headers).end(said.body ?? '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  const target = targetOf({
    allow: ['login'],
    network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: (server.address() as AddressInfo).port } },
    defaultCredentials: { discover: false, services: [{ url: 'http://{domain}', product: 'grafana' }] },
  })
  const { results } = await runTarget(target, { catalogue: checks })
  return { result: results[0], requests, posts: requests.filter((line) => line.startsWith('POST')) }
}
const GRAFANA = { status: 200, body: '<title>Grafana</title>' }
const loginIs =
  (login: Answer): Answer =>
  (request, body) =>
    request.method === 'POST' || request.headers.authorization !== undefined
      ? login(request, body)
      : request.url === '/'
        ? GRAFANA
        : { status: 401, body: '{}' }

describe('against servers', () => {
  test('a limiter ends it at the first answer', async () => {
    const { result, posts } = await judgedAt(loginIs(() => ({ status: 429, body: 'Too many requests' })))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
    expect(posts).toHaveLength(1)
  })
  test('a lock said in a page of status 401 ends it', async () => {
    const { result, posts } = await judgedAt(loginIs(() => ({ status: 401, body: '{"message":"Invalid: account is temporarily locked"}' })))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
    expect(posts).toHaveLength(1)
  })
  test('a captcha is no refusal', async () => {
    const { result, posts } = await judgedAt(loginIs(() => ({ status: 401, body: '<div class="h-captcha">Invalid</div>' })))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
    expect(posts).toHaveLength(1)
  })
  test('a page for every path that says it is the right one proves nothing', async () => {
    const { result } = await judgedAt((request) => (request.url === '/' ? GRAFANA : { status: 200, body: 'Logged in "login": "x"' }))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
  })
  test('success said, but no session', async () => {
    const { result } = await judgedAt(loginIs((request) => (request.method === 'POST' ? { status: 200, body: '{"message":"Logged in"}' } : { status: 401 })))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
  })
  test('redirects without end', async () => {
    const { result, requests } = await judgedAt(() => ({ status: 302, headers: { location: '/login' } }))
    expect(result).toMatchObject({ outcome: 'inconclusive' })
    expect(requests.length).toBeLessThan(20)
  })
  test('nothing there is not "refused"', async () => {
    const target = targetOf({
      allow: ['login'],
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: 1 } },
      defaultCredentials: { discover: false, services: [{ url: 'http://{domain}', product: 'grafana' }] },
    })
    const { results } = await runTarget(target, { catalogue: [wellKnownLogin, firstRun, openRegistration, anonymous] })
    expect(results.map(({ outcome }) => outcome)).toEqual(['inconclusive', 'inconclusive', 'inconclusive', 'inconclusive'])
  })
  test('without consent nothing is asked', async () => {
    const target = targetOf({
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { http: 1 } },
      defaultCredentials: { services: [{ url: 'http://{domain}' }] },
    })
    const { results } = await runTarget(target, { catalogue: [wellKnownLogin] })
    expect(results.map(({ skip }) => skip)).toContain('not-authorised')
  })
  test('the password never stands in a result', async () => {
    const { result } = await judgedAt(
      loginIs((_request, body) => ({ status: 401, body: `{"message":"Invalid","echo":${JSON.stringify(body)}}` })),
      [wellKnownLogin],
    )
    expect(JSON.stringify(result)).not.toContain('prom-operator')
  })
})

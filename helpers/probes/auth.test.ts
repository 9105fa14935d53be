/** Looks at sign-in against the stage: what they cost, when they stop, and that no secret leaves them. */
import { expect, test } from 'vitest'
import { checksOn, productChecks } from '../../fixtures/proof.ts'
import { authStage, type AuthWorld } from '../../fixtures/stages/auth.ts'
import { type RunningWorld, startWorld } from '../../fixtures/world.ts'
import { Observer } from '../observer.ts'
import type { Observed } from '../probe.ts'
import { runTarget } from '../run.ts'
import { authFailures, authGate, authLogout, authRefresh, flowsOf, mainLogin } from './auth.ts'

const { checks: all } = await productChecks()
const checks = checksOn(authStage, all)

async function within<T>(world: AuthWorld, use: (running: RunningWorld) => Promise<T>): Promise<T> {
  const running = await startWorld(world)
  try {
    return await use(running)
  } finally {
    await running.stop()
  }
}
const stage = async (): Promise<AuthWorld> => await authStage.world()

test('no password, key or token appears in a result, a log or an observation', { timeout: 60_000 }, async () => {
  const world = await stage()
  const api = world.hosts['api']
  if (api === undefined) throw new Error('no host')
  // What the application hands out is a secret as well.
  const given = new Set(Object.values(world.secrets ?? {}).filter((value) => value.length > 12 && !value.includes('@')))
  const { https } = api
  api.https = async (request) => {
    const answer = await https(request)
    for (const [, value] of String(answer.body ?? '').matchAll(/"(?:accessToken|refreshToken|idToken)":"([^"]+)"/g)) if (value !== undefined) given.add(value)
    return answer
  }
  await within(world, async ({ target }) => {
    const lines: string[] = []
    const { results } = await runTarget(target, {
      catalogue: checks,
      onLog: (probe, line) => lines.push(`${probe} ${line}`),
      onObservation: (probe, observed) =>
        lines.push(
          JSON.stringify([probe.key, observed], (_name, value: unknown) =>
            typeof value === 'object' && value !== null && 'export' in value ? '<key>' : value,
          ),
        ),
    })
    const text = `${JSON.stringify(results)}\n${lines.join('\n')}`
    expect(results.filter(({ outcome }) => outcome === 'pass').length).toBeGreaterThan(40)
    expect(given.size).toBeGreaterThan(20)
    for (const value of given) {
      for (const form of [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)]) {
        const at = text.indexOf(form)
        expect(at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 20)).toBe('')
      }
    }
  })
})

test('what a look says that it costs is what the server sees', { timeout: 60_000 }, async () => {
  await within(await stage(), async ({ target, requests }) => {
    const one = flowsOf(target)[0]
    if (one === undefined) throw new Error('no flow')
    const observer = new Observer(target)
    for (const probe of [
      mainLogin(one, target),
      authFailures(one, target),
      authLogout(one, target),
      authRefresh(one, target),
      authGate(one, target),
    ] as const) {
      const before = requests.length
      const seen: Observed<unknown> = await observer.observe<unknown>(probe)
      expect(seen.ok, probe.kind).toBe(true)
      expect(requests.length - before, probe.kind).toBe(probe.cost.requests)
    }
    expect(authFailures(one, target).cost.logins).toEqual({ shopperName: 7, '(names that nobody has)': 7 })
    expect(observer.facts.used?.logins).toMatchObject({ '(names that nobody has)': 7 })
    await observer.close()
  })
})

test('a lock ends the attempts at once, and nothing is judged by it', { timeout: 60_000 }, async () => {
  const world = await stage()
  const api = world.hosts['api']
  if (api === undefined) throw new Error('no host')
  const { https } = api
  let wrong = 0
  api.https = async (request) => {
    const answer = await https(request)
    if (request.path === '/api/auth/login' && answer.status === 401 && String(request.body).includes('shopper@')) {
      wrong += 1
      if (wrong >= 2) return { status: 423, headers: [['Content-Type', 'application/json']], body: '{"error":"Account locked"}' }
    }
    return answer
  }
  await within(world, async ({ target }) => {
    const { results } = await runTarget(target, { catalogue: checks.filter(({ id }) => ['auth/enumeration', 'auth/login-wrong-rejected'].includes(id)) })
    expect(wrong).toBe(2)
    expect(results.filter(({ subject }) => subject.includes('tokens')).map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
      'auth/enumeration pass',
      'auth/login-wrong-rejected pass',
    ])
  })
})

test('without consent nobody logs in', { timeout: 60_000 }, async () => {
  const world = await stage()
  world.target = { ...world.target, allow: [] }
  await within(world, async ({ target, requests }) => {
    const { results } = await runTarget(target, { catalogue: checks })
    expect(requests.filter((line) => line.startsWith('POST'))).toEqual([])
    expect(new Set(results.filter(({ check }) => check !== 'auth/jwt-jwks').map(({ outcome, skip }) => `${outcome} ${skip ?? ''}`))).toEqual(
      new Set(['skip not-authorised']),
    )
  })
})

test.each(['loop', 'html', 'huge-token', 'error'] as const)('a login of the kind "%s" ends in verdicts, not in a hang', async (kind) => {
  const world = await stage()
  world.is.login = kind
  await within(world, async ({ target }) => {
    const { results } = await runTarget(target, { catalogue: checks })
    expect(results.filter(({ code }) => code === 'run.defect').map(({ check, reason }) => `${check}: ${reason ?? ''}`)).toEqual([])
    expect(results.find(({ check, subject }) => check === 'auth/login-ok' && subject.includes('tokens'))?.outcome).toBe('fail')
  })
})

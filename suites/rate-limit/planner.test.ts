/** The plan against what a server saw, two runs in a row, and what is not asked without consent. */
import { describe, expect, test } from 'vitest'
import { checksOn, productChecks } from '../../fixtures/proof.ts'
import { only, rateLimit, rateLimitWorld } from '../../fixtures/stages/rate-limit.ts'
import { startWorld } from '../../fixtures/world.ts'
import { gateOf } from '../../helpers/gate.ts'
import { planCases, plannedCosts, plannedProbes, runTarget } from '../../helpers/run.ts'

const checks = checksOn(rateLimit, (await productChecks()).checks)

describe('the plan', () => {
  test('says exactly what the server sees, zone by zone', { timeout: 60_000 }, async () => {
    const world = rateLimitWorld()
    only(world, 'login', 'connections')
    const running = await startWorld(world)
    try {
      const probes = plannedProbes(planCases(running.target, checks), running.target)
      const acting = probes.filter(({ impact }) => impact !== 'read')
      const { zones } = plannedCosts(probes)
      const { results } = await runTarget(running.target, { catalogue: checks })
      expect(results.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skip')).toEqual([])
      expect(running.requests).toHaveLength(acting.reduce((sum, { cost }) => sum + cost.requests, 0))
      const saw = (line: RegExp): number => running.requests.filter((one) => line.test(one)).length
      expect({ login: saw(/^POST https:\/\/api\.example\.com\/auth\/login(?:\?x=1)?$/), connections: saw(/ \S+\/slow\/report$/) }).toEqual(zones)
    } finally {
      await running.stop()
    }
  })
  test.each(['volume', 'network-bypass', 'held-bodies', 'concurrency'])('says exactly what the server sees of %s', { timeout: 60_000 }, async (name) => {
    const running = await startWorld(rateLimitWorld())
    try {
      const own = checks.filter(({ id }) => id === `rate-limit/${name}`)
      const planned = plannedCosts(plannedProbes(planCases(running.target, own), running.target))
      const { results, facts } = await runTarget(running.target, { catalogue: own })
      expect(results.map(({ outcome }) => outcome)).toContain('pass')
      expect(results.filter(({ outcome }) => outcome !== 'pass' && outcome !== 'skip')).toEqual([])
      expect(planned.requests).toBeGreaterThan(5)
      expect(running.requests).toHaveLength(planned.requests)
      expect(facts.used).toMatchObject({ requests: planned.requests, zones: planned.zones })
    } finally {
      await running.stop()
    }
  })
  test('two runs right after each other say the same', { timeout: 60_000 }, async () => {
    const world = rateLimitWorld()
    const running = await startWorld(world)
    try {
      const outcomes: string[][] = []
      for (let round = 0; round < 2; round += 1) {
        const { results } = await runTarget(running.target, { catalogue: checks })
        outcomes.push(results.map(({ check, subject, outcome }) => `${check} ${subject} ${outcome}`))
      }
      expect(outcomes[1]).toEqual(outcomes[0])
      expect(outcomes[0]?.filter((line) => / (?:fail|inconclusive|warn)$/.test(line))).toEqual([])
    } finally {
      await running.stop()
    }
  })
  test('signing in and measuring its limiter do not spoil each other: two runs say the same', { timeout: 60_000 }, async () => {
    const world = rateLimitWorld()
    only(world, 'login')
    const own = world.limits.app
    world.limits.app = (request) => {
      const right = request.body.toString().includes('correct-horse-7')
      if (request.path === '/auth/login' && right)
        return {
          status: 200,
          headers: [
            ['Content-Type', 'application/json'],
            ['Cache-Control', 'no-store'],
          ],
          body: '{"token":"opaque-5e8f1c"}',
        }
      if (request.path !== '/me') return own(request)
      const known = request.header('authorization') === 'Bearer opaque-5e8f1c'
      return {
        status: known ? 200 : 401,
        headers: [['Content-Type', 'application/json'], ...(known ? [] : ([['WWW-Authenticate', 'Bearer realm="shop", error="invalid_token"']] as const))],
        body: known ? '{"orders":[1]}' : '{"error":"Unauthorized"}',
      }
    }
    world.secrets = { name: 'shopper@example.com', word: 'correct-horse-7' }
    world.target = {
      ...world.target,
      allow: ['login', 'load'],
      secrets: { name: 'env:SHOPPER', word: 'env:SHOPPER_PASSWORD' },
      auth: {
        kind: 'jwt',
        login: { url: 'https://api.{domain}/auth/login', json: { email: '{username}', password: '{password}' }, accessToken: '$.token' },
        accounts: [{ username: 'name', password: 'word' }],
        attempts: 5,
        protected: [{ url: 'https://api.{domain}/me' }],
      },
    }
    const both = (await productChecks()).checks.filter(({ suite }) => suite === 'auth' || suite === 'rate-limit')
    const running = await startWorld(world)
    try {
      const outcomes: string[][] = []
      for (let round = 0; round < 2; round += 1) {
        const { results } = await runTarget(running.target, { catalogue: both })
        outcomes.push(
          results.map(({ check, subject, outcome, code, reason }) =>
            `${check} ${subject} ${outcome} ${code ?? ''} ${outcome === 'skip' ? '' : (reason ?? '')}`.trim(),
          ),
        )
      }
      expect(outcomes[1]).toEqual(outcomes[0])
      expect(outcomes[0]?.filter((line) => / (?:fail|inconclusive)\b/.test(line))).toEqual([])
      const passed = (suite: string): number => outcomes[0]?.filter((line) => line.startsWith(`${suite}/`) && line.endsWith(' pass')).length ?? 0
      expect(passed('auth')).toBeGreaterThan(4)
      expect(passed('rate-limit')).toBeGreaterThan(8)
    } finally {
      await running.stop()
    }
  })
  test('nothing is asked without consent', async () => {
    const world = rateLimitWorld()
    world.target = { ...world.target, allow: [] }
    const running = await startWorld(world)
    try {
      const { results } = await runTarget(running.target, { catalogue: checks })
      expect(running.requests).toEqual([])
      const acting = results.filter(({ check }) => check !== 'rate-limit/backend')
      expect(new Set(acting.map(({ outcome, skip }) => `${outcome} ${skip ?? ''}`))).toEqual(new Set(['skip not-authorised']))
    } finally {
      await running.stop()
    }
  })
  test('a ban is noticed after the first refusal, and not hammered', async () => {
    const world = rateLimitWorld()
    only(world, 'login')
    const { refuse } = world.limits.login
    let refused = 0
    world.limits.login.refuse = (request, state) => {
      refused += 1
      const answer = refuse(request, state)
      return { ...answer, headers: (answer.headers ?? []).map(([name, value]) => [name, name === 'Retry-After' ? '3600' : value]) }
    }
    const running = await startWorld(world)
    try {
      const { results } = await runTarget(running.target, { catalogue: checks })
      expect(results.find(({ check }) => check === 'rate-limit/recovery')).toMatchObject({ outcome: 'fail', code: 'rate-limit.banned' })
      // What was under way already on the four connections.
      expect(refused).toBeLessThanOrEqual(4)
    } finally {
      await running.stop()
    }
  })
  test('a server that dies under the load is left in peace, and the run says so', async () => {
    const world = rateLimitWorld()
    only(world, 'api_limit')
    world.limits.edge.off = true
    let served = 0
    let dead = 0
    const { app } = world.limits
    world.limits.app = (request) => {
      served += 1
      if (served > 7) dead += 1
      return served > 7 ? { status: 200, drop: true } : app(request)
    }
    const running = await startWorld(world)
    try {
      const { results } = await runTarget(running.target, { catalogue: checks })
      expect(results.find(({ check }) => check === 'rate-limit/stability')).toMatchObject({ outcome: 'fail', code: 'rate-limit.aborted' })
      // Five failures, and what was under way already.
      expect(dead).toBeLessThanOrEqual(12)
      expect(gateOf(results, running.target)).toMatchObject({ passed: false, exitCode: 1 })
    } finally {
      await running.stop()
    }
  })
})

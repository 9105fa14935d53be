import { describe, expect, test } from 'vitest'
import { type Check, type CheckDefinition, defineCheck, eachHost, type FailureCode, type Needs } from './check.ts'
import { gateOf, withWaivers } from './gate.ts'
import { attempt, type Impact, type Observed, type Probe, ProbeError } from './probe.ts'
import { type Result, Run, runTarget } from './run.ts'
import { normaliseTarget, type Target, type TargetInput } from './target.ts'
import { targetSchema } from './target/schema.ts'
import { fail, inconclusive, pass, type Verdict } from './verdict.ts'

const targetOf = (input: Partial<TargetInput> = {}): Target =>
  normaliseTarget(
    targetSchema.parse({ domain: 'example.com', hosts: { '@': {} }, network: { addresses: { '*': '127.0.0.1', 'example.com': '127.0.0.1' } }, ...input }),
    { sha256: '0'.repeat(64) },
  )

const probe = <T>(key: string, run: Probe<T>['run'], more: Partial<Probe<T>> = {}): Probe<T> => ({
  kind: 'fake',
  key,
  impact: 'read',
  cost: { connections: 0, requests: 1 },
  host: 'example.com',
  run,
  ...more,
})
const seen = { what: 'a thing', expected: 'there', received: 'there' }
const check = (more: Partial<CheckDefinition<Needs, object, Record<string, FailureCode>>> = {}): Check =>
  defineCheck({
    id: 'demo/thing',
    title: 'A thing is there',
    failureTitle: 'A thing is missing',
    why: 'because',
    source: 'us',
    severity: 'high',
    codes: { 'demo.missing': { meaning: 'm', fix: 'f' } },
    options: {},
    subjects: eachHost(),
    unless: { skip: 'not-declared', reason: 'no host' },
    needs: () => ({}),
    judge: (): Verdict => pass(seen),
    reproduce: () => 'true',
    ...more,
  })
const only = async (one: Check, target = targetOf()): Promise<Result> => {
  const { results } = await runTarget(target, { catalogue: [one] })
  expect(results).toHaveLength(1)
  return results[0] as Result
}

describe('a run', () => {
  test('looks once, however many checks ask', async () => {
    let looks = 0
    const shared = probe('one', async () => ++looks)
    const { results } = await runTarget(targetOf(), {
      catalogue: [check({ needs: () => ({ shared }) }), check({ id: 'demo/other', needs: () => ({ shared }) })],
    })
    expect(results.map((result) => result.outcome)).toEqual(['pass', 'pass'])
    expect(looks).toBe(1)
  })

  test('of many hosts, looks once at each too, and first at what belongs to none', async () => {
    const names = Array.from({ length: 70 }, (_, index) => `h${index}`)
    const target = targetOf({ hosts: Object.fromEntries(names.map((name) => [name, {}])) })
    const looks: string[] = []
    const of = (host: string): Probe<string> => probe(`look ${host}`, async () => (looks.push(host), host), { host })
    const whole = check({
      id: 'demo/whole',
      subjects: () => [{ name: 'example.com' }],
      needs: () => ({ all: probe('all', async (context) => await Promise.all(names.map((name) => context.observe(of(`${name}.example.com`))))) }),
    })
    const { results } = await runTarget(target, {
      catalogue: [
        check({ needs: (subject) => ({ one: of(subject.name) }) }),
        check({ id: 'demo/two', needs: (subject) => ({ one: of(subject.name) }) }),
        whole,
      ],
    })
    expect(results).toHaveLength(141)
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(['pass']))
    expect(looks).toHaveLength(70)
  })

  test('what lies in wait longest begins first', async () => {
    const order: string[] = []
    const waiting = (key: string, waitsMs?: number): Probe<unknown> => probe(key, async () => order.push(key), waitsMs === undefined ? {} : { waitsMs })
    await runTarget(targetOf(), {
      catalogue: [
        check({ id: 'demo/a', needs: () => ({ a: waiting('at once') }) }),
        check({ id: 'demo/b', needs: () => ({ b: waiting('a while', 100) }) }),
        check({ id: 'demo/c', needs: () => ({ c: waiting('long', 2_000) }) }),
      ],
    })
    expect(order).toEqual(['long', 'a while', 'at once'])
  })

  test('turns what the network did into inconclusive: unobserved, with the cause', async () => {
    const silent = probe('silent', async () => {
      throw new ProbeError({ code: 'ECONNREFUSED', message: 'refused', phase: 'connect' })
    })
    expect(await only(check({ needs: () => ({ silent }) }))).toMatchObject({
      outcome: 'inconclusive',
      blame: 'unobserved',
      because: 'silent',
      code: 'run.unobserved',
    })
  })

  test.each<[string, Partial<Parameters<typeof check>[0]>]>([
    [
      'a throw in judge',
      {
        judge: () => {
          throw new Error('boom')
        },
      },
    ],
    [
      'a throw in needs',
      {
        needs: () => {
          throw new Error('boom')
        },
      },
    ],
    [
      'a throw in subjects',
      {
        subjects: () => {
          throw new Error('boom')
        },
      },
    ],
    [
      'a throw in a probe',
      {
        needs: () => ({
          bad: probe('bad', async () => {
            throw new TypeError('boom')
          }),
        }),
      },
    ],
    ['a pass without evidence', { judge: () => pass([]) }],
    ['an undeclared code', { judge: () => fail('demo.unheard-of', seen) }],
    ['two subjects of one name', { subjects: (target) => [...eachHost()(target), ...eachHost()(target)] }],
  ])('%s is our defect, never green', async (_name, more) => {
    const { results } = await runTarget(targetOf(), { catalogue: [check(more)] })
    const bad = results.filter((result) => result.outcome === 'inconclusive')
    expect(bad).toHaveLength(1)
    expect(bad[0]?.blame).toBe('defect')
    expect(gateOf(results, targetOf()).exitCode).toBe(2)
  })

  test('retries a network failure once and says so', async () => {
    let tries = 0
    const flaky = probe('flaky', async () => {
      if (++tries === 1) throw new ProbeError({ code: 'ECONNRESET', message: 'reset', phase: 'response' })
      return 1
    })
    expect(await only(check({ needs: () => ({ flaky }) }))).toMatchObject({ outcome: 'warn', code: 'run.second-try', attempts: 2 })
  })

  test('a refusal that is the same at both tries is no doubtful answer', async () => {
    let tries = 0
    const refused = probe<number>('refused', async () => {
      tries += 1
      throw new ProbeError({ code: 'EOF', message: 'closed instead of answering', phase: 'response' })
    })
    const asking = probe('asking', async (context) => (await context.observe(refused)).ok)
    expect(await only(check({ needs: () => ({ refused: attempt(refused), asking }), judge: () => pass(seen) }))).toMatchObject({ outcome: 'pass', attempts: 2 })
    expect(tries).toBe(2)
  })

  test('never retries a judgement', async () => {
    let tries = 0
    const steady = probe('steady', async () => ++tries)
    await only(check({ needs: () => ({ steady }), judge: () => fail('demo.missing', seen) }))
    expect(tries).toBe(1)
  })

  test('cuts a probe that never answers', async () => {
    const hanging = probe('hanging', () => new Promise<never>(() => {}), { timeoutMs: 50 })
    const result = await only(check({ needs: () => ({ hanging }) }))
    expect(result).toMatchObject({ outcome: 'inconclusive', blame: 'unobserved' })
    expect(result.reason).toContain('TIMEOUT')
  })

  test('a check may ask for both sides of the union', async () => {
    const refused = probe<number>('refused', async () => {
      throw new ProbeError({ code: 'ECONNREFUSED', message: 'refused', phase: 'connect' })
    })
    const result = await only(
      defineCheck({
        ...check(),
        needs: () => ({ port: attempt(refused) }),
        judge: ({ port }: { port: Observed<number> }) => (port.ok ? fail('demo.missing', seen) : pass({ ...seen, received: port.failure.code })),
      } as never),
    )
    expect(result).toMatchObject({ outcome: 'pass', evidence: [{ received: 'ECONNREFUSED' }] })
  })

  test('an abort leaves every verdict, the unjudged ones inconclusive', async () => {
    const slow = probe('slow', () => new Promise<never>(() => {}))
    const run = new Run(targetOf(), { catalogue: [check(), check({ id: 'demo/slow', needs: () => ({ slow }) })] })
    run.start()
    await run.result(0)
    run.abort('interrupted')
    const { results, facts } = await run.finish()
    expect(results.map((result) => result.outcome)).toEqual(['inconclusive', 'pass'])
    expect(facts.aborted).toBe('interrupted')
  })

  test('nested looks do not eat the deadline of the probe that waits', async () => {
    const inner = probe('inner', () => new Promise((resolve) => setTimeout(resolve, 120, 1)), { timeoutMs: 1000 })
    const outer = probe('outer', async (context) => await context.observe(inner), { timeoutMs: 60 })
    expect((await only(check({ needs: () => ({ outer }) }))).outcome).toBe('pass')
  })

  test('resources are opened once per key and closed at the end', async () => {
    let open = 0
    let closed = 0
    const user = (key: string): Probe<unknown> =>
      probe(key, async (context) =>
        context.resource(
          'pool',
          () => ++open,
          () => void closed++,
        ),
      )
    await runTarget(targetOf(), { catalogue: [check({ needs: () => ({ a: user('a'), b: user('b') }) })] })
    expect([open, closed]).toEqual([1, 1])
  })

  test.each<Impact>(['login', 'write', 'mail', 'load', 'drill'])("%s needs the owner's word", async (impact) => {
    let ran = 0
    const acting = probe(`acting-${impact}`, async () => ++ran, { impact })
    expect(await only(check({ needs: () => ({ acting }) }))).toMatchObject({ outcome: 'skip', skip: 'not-authorised' })
    expect(ran).toBe(0)
    expect(await only(check({ needs: () => ({ acting }) }), targetOf({ allow: [impact] as never }))).toMatchObject({ outcome: 'pass' })
    expect(ran).toBe(1)
  })

  test('what acts comes after what reads, one at a time', async () => {
    const order: string[] = []
    const reading = probe('reading', async () => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      order.push('read')
      return 1
    })
    const acting = (key: string): Probe<unknown> =>
      probe(
        key,
        async () => {
          order.push(`${key} in`)
          await new Promise((resolve) => setTimeout(resolve, 5))
          order.push(`${key} out`)
          return 1
        },
        { impact: 'write' },
      )
    await runTarget(targetOf({ allow: ['write'] }), {
      catalogue: [check({ needs: () => ({ a: acting('a'), b: acting('b') }) }), check({ id: 'demo/read', needs: () => ({ reading }) })],
    })
    expect(order).toEqual(['read', 'a in', 'a out', 'b in', 'b out'])
  })

  test('what was not looked at has nothing to reproduce; where a check cannot say how, the verdict stands and says so', async () => {
    const reproduce = (): string => {
      throw new TypeError('no such thing')
    }
    expect((await only(check({ subjects: () => [], reproduce }))).reproduce).toBe('')
    expect((await only(check({ reproduce }), targetOf({ checks: { 'demo/thing': { off: 'not our edge' } } }))).reproduce).toBe('')
    const result = await only(check({ reproduce }))
    expect([result.outcome, result.reproduce]).toEqual(['pass', '(reproduce() threw: TypeError: no such thing)'])
  })

  test('a check switched off is reported, with its reason', async () => {
    const result = await only(check(), targetOf({ checks: { 'demo/thing': { off: 'not our edge' } } }))
    expect(result).toMatchObject({ outcome: 'skip', skip: 'not-selected' })
    expect(result.reason).toContain('not our edge')
  })

  test('a target may re-level a check and change its options', async () => {
    const levelled = check({
      options: { limit: 1 },
      judge: (_seen, { options }) => ((options as { limit: number }).limit === 2 ? fail('demo.missing', seen) : pass(seen)),
    })
    expect(await only(levelled, targetOf({ checks: { 'demo/thing': { severity: 'low', options: { limit: 2 } } } }))).toMatchObject({
      outcome: 'fail',
      severity: 'low',
    })
  })
})

describe('the gate', () => {
  const result = (outcome: Result['outcome'], severity: Result['severity'] = 'high'): Result => ({
    check: 'demo/thing',
    suite: 'demo',
    subject: 'example.com',
    outcome,
    severity,
    evidence: [],
    reproduce: '',
    startedAt: '',
    durationMs: 0,
    attempts: 1,
  })
  const today = new Date('2026-11-21T12:00:00Z')
  const waiver = { check: 'demo/thing', subject: '*', reason: 'r', owner: 'o' }

  test.each<[string, readonly Result[], number]>([
    ['nothing at all', [], 2],
    ['only skips', [result('skip')], 2],
    ["only the run's own verdicts", [{ ...result('pass'), suite: 'run' }], 2],
    ['a pass', [result('pass')], 0],
    ['a warning', [result('warn')], 0],
    ['a low failure', [result('fail', 'low'), result('pass')], 0],
    ['a high failure', [result('fail'), result('pass')], 1],
    ['a high inconclusive', [result('inconclusive'), result('pass')], 2],
    ['a failure beside an inconclusive', [result('inconclusive'), result('fail')], 1],
  ])('%s', (_name, results, exitCode) => {
    expect(gateOf(results, targetOf()).exitCode).toBe(exitCode)
  })

  test('a waiver lets one verdict through without changing it', () => {
    const target = targetOf({ waivers: [{ ...waiver, expires: '2026-11-21' }] })
    const results = withWaivers([result('fail'), result('pass')], target, today)
    expect(results[0]).toMatchObject({ outcome: 'fail', waiver: { owner: 'o' } })
    expect(gateOf(results, target).exitCode).toBe(0)
  })

  test('an expired waiver lets nothing through', () => {
    const target = targetOf({ waivers: [{ ...waiver, expires: '2026-11-20' }] })
    expect(gateOf(withWaivers([result('fail')], target, today), target).exitCode).toBe(1)
  })

  test("the level is the target's", () => {
    expect(gateOf([result('fail', 'low')], targetOf({ gate: { block: 'low' } })).exitCode).toBe(1)
    expect(gateOf([result('fail', 'high')], targetOf({ gate: { block: 'critical' } })).exitCode).toBe(0)
  })

  test('an unobserved verdict is what the engine says', () => {
    expect(inconclusive('unobserved', 'x')).toMatchObject({ code: 'run.unobserved' })
  })
})

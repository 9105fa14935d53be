/** Probes that look several times, against a world of our own: what they ask, how often, and what they leave alone. */
import { afterEach, describe, expect, test } from 'vitest'
import { changeHttps, hostNamed } from '../../fixtures/edit.ts'
import { healthyWorld, SECOND_ADDRESS } from '../../fixtures/healthy.ts'
import { type RunningWorld, startWorld, type WorldSpec } from '../../fixtures/world.ts'
import type { Observed, Probe } from '../probe.ts'
import type { Host, Target } from '../target.ts'
import { look as lookAll, valueOf } from '../testing/look.ts'
import { everyAddress } from './every-address.ts'
import { loadRun } from './load.ts'
import { documentSamples, handshakeLooks, pageLoad, urlSamples } from './timing.ts'

const running: RunningWorld[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
})

/** A world in which every https request to one host is written down. */
async function world(name: string, change: (spec: WorldSpec) => void = () => {}): Promise<{ target: Target; asked: string[]; host: Host }> {
  const spec = healthyWorld()
  change(spec)
  const asked: string[] = []
  changeHttps(spec, name, (response, request) => {
    asked.push(`${request.method} ${request.path}`)
    return response
  })
  const started = await startWorld(spec)
  running.push(started)
  const host = started.target.hosts.find((one) => one.name === name)
  if (host === undefined) throw new RangeError(name)
  return { target: started.target, asked, host }
}

const look = async <T>(target: Target, probe: Probe<T>): Promise<Observed<T>> => (await lookAll(target, probe))[0] as Observed<T>

describe('documentSamples', () => {
  test('asks every hop so many times, one after the other, over one connection', async () => {
    const { target, asked, host } = await world('db')
    const samples = valueOf(await look(target, documentSamples(host, 3)))
    expect(samples.map(({ hops }) => hops.map(({ status }) => status))).toEqual([
      [302, 200],
      [302, 200],
      [302, 200],
    ])
    expect(asked).toEqual(Array.from({ length: 3 }, () => ['GET /', 'GET /dashboard/']).flat())
    expect(samples.flatMap(({ hops }) => hops).filter(({ reused }) => !reused)).toHaveLength(1)
  })
  test('a sample that fails is told beside the others', async () => {
    let calls = 0
    const { target, host } = await world('qr', (spec) =>
      changeHttps(spec, 'qr', (response) => {
        calls += 1
        return calls === 2 ? { ...response, hang: true } : response
      }),
    )
    const samples = valueOf(await look({ ...target, file: { ...target.file, limits: { ...target.file.limits, probeSeconds: 0.5 } } }, documentSamples(host, 3)))
    expect(samples).toHaveLength(3)
    expect(samples[0]?.failed).toBeUndefined()
    // The hanging request is asked once more by the run, as every silence is.
    expect(samples[2]?.failed).toBeUndefined()
  })
})

describe('handshakeLooks', () => {
  test('one look is enough where it was fast', async () => {
    const { target } = await world('qr')
    expect(valueOf(await look(target, handshakeLooks('qr.example.com', { connectMs: 10_000, tlsMs: 10_000 })))).toHaveLength(1)
  })
  test('two more where it was slow', async () => {
    const { target } = await world('qr')
    expect(valueOf(await look(target, handshakeLooks('qr.example.com', { connectMs: 10_000, tlsMs: 0.000_001 })))).toHaveLength(3)
  })
  test('fails where nobody listens', async () => {
    const { target } = await world('qr', (spec) => void (spec.web = { https: 'closed' }))
    expect(await look(target, handshakeLooks('qr.example.com', { connectMs: 1, tlsMs: 1 }))).toMatchObject({ ok: false, failure: { code: 'ECONNREFUSED' } })
  })
})

describe('urlSamples', () => {
  test('stops where 429 stays', async () => {
    let calls = 0
    const { target, asked } = await world('qr', (spec) =>
      changeHttps(spec, 'qr', (response) => {
        calls += 1
        return calls >= 4 ? { ...response, status: 429 } : response
      }),
    )
    const samples = valueOf(await look(target, urlSamples('https://qr.example.com/', 20)))
    expect(samples.map((one) => (one.ok ? one.value.status : one.failure.code))).toEqual([200, 200, 200, 429])
    // The fourth twice more, slowly: a limiter that only stumbled over us would have let it through.
    expect(asked).toHaveLength(6)
  })
  test('asks the bare authority for its root', async () => {
    const { target, asked } = await world('qr')
    await look(target, urlSamples('https://qr.example.com', 2))
    expect(asked).toEqual(['GET /', 'GET /'])
  })
})

describe('pageLoad', () => {
  test('asks for the document and what it loads, compressed, each once', async () => {
    const { target, asked, host } = await world('git', (spec) =>
      changeHttps(spec, 'git', (response, request) =>
        request.path === '/' && response.body !== undefined
          ? {
              ...response,
              body: response.body
                .toString()
                .replace('</head>', '<script src="https://cdn.example.net/a.js"></script><link rel="icon" href="/other.svg"></head>'),
            }
          : response,
      ),
    )
    const page = valueOf(await look(target, pageLoad(host, 100_000)))
    expect(page.document.headers.some(([name, value]) => name.toLowerCase() === 'content-encoding' && value === 'gzip')).toBe(true)
    expect(page.document.wireBytes).toBeLessThan(page.document.body.length)
    expect(page.assets.map(({ url }) => new URL(url).pathname.replace(/-[0-9a-f]{8}/, ''))).toEqual(['/assets/git.svg', '/assets/git.css', '/assets/git.js'])
    expect(page.assets.every(({ seen }) => seen.ok && seen.value.status === 200)).toBe(true)
    expect({ redirects: page.redirects, foreign: page.foreign, cut: page.cut }).toEqual({ redirects: 0, foreign: 1, cut: false })
    expect(asked.filter((one) => one === 'GET /')).toHaveLength(2)
  })
})

describe('loadRun', () => {
  const url = 'https://api.example.com/api/health'
  test('counts what came, over as many connections as asked for', async () => {
    const { target, asked } = await world('api')
    const seen = valueOf(await look(target, loadRun({ url, requests: 30, concurrency: 3 })))
    expect(seen).toMatchObject({ sent: 30, statuses: { 200: 30 }, failures: {} })
    expect(seen.stopped).toBeUndefined()
    expect(seen.perSecond).toBeGreaterThan(0)
    expect(seen.beforeMs).toBeGreaterThan(0)
    expect(seen.afterMs).toBeGreaterThan(0)
    expect(asked).toHaveLength(36)
    expect(running[0]?.connections['443 api.example.com']).toBe(4)
  })
  test('stops at the first 429', async () => {
    let calls = 0
    const { target, asked } = await world('api', (spec) =>
      changeHttps(spec, 'api', (response) => {
        calls += 1
        return calls > 10 ? { ...response, status: 429 } : response
      }),
    )
    const seen = valueOf(await look(target, loadRun({ url, requests: 200, concurrency: 2 })))
    expect(seen.stopped).toBe('limited')
    expect(asked.length).toBeLessThan(20)
  })
  test('stops where one in ten fails', async () => {
    const { target } = await world('api', (spec) => {
      let calls = 0
      changeHttps(spec, 'api', (response) => {
        calls += 1
        return calls > 3 && calls % 2 === 0 ? { ...response, status: 500 } : response
      })
    })
    const seen = valueOf(await look(target, loadRun({ url, requests: 500, concurrency: 2 })))
    expect(seen.stopped).toBe('failing')
    expect(seen.sent).toBeLessThan(60)
  })
  test('is refused without the consent of that name', async () => {
    const { target, asked } = await world('api', (spec) => {
      spec.target = { ...spec.target, allow: [] }
    })
    expect(await look(target, loadRun({ url, requests: 20, concurrency: 2 }))).toMatchObject({
      ok: false,
      failure: { code: 'NOT_AUTHORISED', message: expect.stringContaining('does not allow load') },
    })
    expect(asked).toEqual([])
  })
})

describe('everyAddress', () => {
  test('one dead address stays visible beside the other', async () => {
    const { target } = await world('@', (spec) => {
      hostNamed(spec, '@').addresses = ['127.0.0.1', '127.0.0.3']
      spec.addresses = { refusing: ['127.0.0.3'] }
    })
    const all = valueOf(await look(target, everyAddress('example.com', '/')))
    expect(all.map(({ address, seen }) => [address, seen.ok ? seen.value.status : seen.failure.code])).toEqual([
      ['127.0.0.1', 200],
      ['127.0.0.3', 'ECONNREFUSED'],
    ])
  })
  // A machine without IPv6 cannot have the address to leave alone.
  test.skipIf(SECOND_ADDRESS !== '::1')('IPv6 is left alone where this vantage has none', async () => {
    const { target } = await world('@', (spec) => {
      hostNamed(spec, '@').addresses = ['127.0.0.1', '::1']
    })
    const without = { ...target, file: { ...target.file, network: { ...target.file.network, ipv6: false } } }
    expect(valueOf(await look(without, everyAddress('example.com', '/'))).map(({ address }) => address)).toEqual(['127.0.0.1'])
  })
})

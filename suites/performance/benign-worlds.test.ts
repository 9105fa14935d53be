/** Deployments that are slow or large once, or for a good reason: no performance check may alarm, or be unsure, about them. */
import { describe, expect, test } from 'vitest'
import { addHeader, changeFinish, changeHttps, describeHost, editBody, headerOf, noise, replacePath, setTls } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'
import type { WorldSpec } from '../../fixtures/world.ts'

const checks = (await productChecks()).checks.filter((check) => check.suite === 'performance')
const budgets = (world: WorldSpec, change: NonNullable<WorldSpec['target']['performance']>): void => {
  world.target = { ...world.target, performance: { ...world.target.performance, ...change } }
}

const CASES: Record<string, (world: WorldSpec) => void> = {
  'the first request wakes the application': (world) => {
    budgets(world, { ttfbMs: 1_000, serverMs: 1_000 })
    let asked = 0
    replacePath(world, 'qr', '/', (healthy) => ((asked += 1) === 1 ? { ...healthy, delayMs: 2_000 } : healthy))
  },
  'the first question for the name meets a cold cache': (world) => {
    budgets(world, { dnsMs: 900 })
    world.zone.answers = {
      'qr.example.com A': { records: world.zone.records.filter((one) => one.name === 'edge.example.net' && one.type === 'A'), afterMs: 1_300 },
    }
  },
  'HTTP/1.1 is what is declared, and the server closes every third connection': (world) => {
    describeHost(world, 'qr', { tls: { alpn: ['http/1.1'] } })
    setTls(world, 'qr', { alpn: ['http/1.1'] })
    let asked = 0
    addHeader(world, 'qr', 'Connection', 'close', () => (asked += 1) % 3 === 0)
  },
  'a large image is not compressed, and must not be': (world) => {
    const image = Buffer.from(noise(120_000), 'hex')
    changeHttps(world, 'qr', (response) =>
      headerOf(response, 'content-type') === 'image/svg+xml'
        ? {
            ...response,
            headers: (response.headers ?? []).map(([name, value]) => (/^content-type$/i.test(name) ? [name, 'image/png'] : [name, value])),
            body: image,
          }
        : response,
    )
  },
  'a large page that compresses well': (world) => {
    editBody(world, 'qr', (body) => body.replace('</body>', `${'<p>The same line again.</p>\n'.repeat(8_000)}</body>`))
    budgets(world, { bodyBytes: 20_000 })
  },
  'an asset that is missing': (world) => {
    changeFinish(world, 'qr', (response) => (headerOf(response, 'content-type') === 'image/svg+xml' ? { ...response, status: 404 } : response))
  },
}

describe('deployments that are right in another way', () => {
  test('there are checks', () => expect(checks.length).toBeGreaterThan(10))
  test.each(Object.keys(CASES))('%s', { timeout: 60_000 }, async (name) => {
    const world = healthyWorld()
    CASES[name]?.(world)
    const { byKey } = await outcomesOf(world, checks, { hosts: new Set(['qr']) })
    expect(byKey.size).toBeGreaterThan(10)
    const other = [...byKey].filter(([, result]) => result.outcome !== 'pass' && result.outcome !== 'skip')
    expect(
      other.map(([key, result]) => `${key}: ${result.outcome} ${result.code ?? ''} ${result.reason ?? ''} ${JSON.stringify(result.evidence[0] ?? {})}`),
    ).toEqual([])
  })
})

/** Deployments that differ from the healthy one and are right all the same: no routing check may alarm, or be unsure, about them. */
import { describe, expect, test } from 'vitest'
import { changeHttps, describeHost, editBody, replacePath } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { outcomesOf, productChecks } from '../../fixtures/proof.ts'
import type { WorldResponse, WorldSpec } from '../../fixtures/world.ts'

const checks = (await productChecks()).checks.filter((check) => check.suite === 'routing')
const text = (status: number, body: string, type = 'text/plain'): WorldResponse => ({ status, headers: [['Content-Type', type]], body })
const NGINX_404 = '<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center><hr><center>nginx</center></body></html>'

const CASES: Record<string, (world: WorldSpec) => void> = {
  'unknown names are dropped without an answer': (world) => {
    world.unknown.https = () => ({ status: 200, drop: true })
    world.unknown.http = () => ({ status: 200, drop: true })
  },
  'unknown names get an empty 200': (world) => {
    world.unknown.https = () => text(200, '')
    world.unknown.http = () => text(200, '')
  },
  'unknown names get the 404 page of the proxy': (world) => {
    world.unknown.https = () => text(404, NGINX_404, 'text/html')
    world.unknown.http = () => text(404, NGINX_404, 'text/html')
  },
  'unknown names are sent to the domain': (world) => {
    const there = (): WorldResponse => ({ status: 301, headers: [['Location', 'https://example.com/']], body: '' })
    world.unknown.https = there
    world.unknown.http = there
  },
  'unknown server names get a certificate of nobody and a refusal': (world) => {
    world.unknown = { ...world.unknown, sni: { certificate: { names: ['default.invalid'] } } }
  },
  'nothing listens on port 80': (world) => {
    world.web = { http: 'closed' }
  },
  'one page answers every path, that of the error page too': (world) => {
    changeHttps(world, 'qr', async (response, request) => {
      if (response.status !== 404 || request.method !== 'GET') return response
      const home = await world.hosts.git?.https({ ...request, path: '/', target: '/' })
      return home === undefined ? response : { ...home, status: 200 }
    })
    world.target = { ...world.target, errorPages: [...(world.target.errorPages ?? []), { host: 'qr', status: 502, page: '/50x.html' }] }
  },
  'the root of an interface is an honest 404': (world) => {
    replacePath(world, 'api', '/', (healthy) => ({ ...healthy, status: 404, body: '{"error":"Resource not found"}' }))
    const { marker: _, ...api } = world.target.hosts?.api ?? {}
    world.target = { ...world.target, hosts: { ...world.target.hosts, api: { ...api, status: 404 } } }
  },
  'the interface refuses before it looks for the route': (world) => {
    changeHttps(world, 'api', (response, request) =>
      response.status === 404 ? { ...response, status: request.method === 'GET' ? 401 : response.status } : response,
    )
  },
  'a manual explains the error pages of edges': (world) => {
    editBody(world, 'docs', (body) => body.replace('</h1>', '</h1><p>When the browser shows “no such tunnel” or 502 Bad Gateway, start the connector.</p>'))
  },
  'a manual links to the reader’s own machine': (world) => {
    editBody(world, 'docs', (body) => body.replace('</h1>', '</h1><p>Then open <a href="http://localhost:3000/">http://localhost:3000/</a>.</p>'))
  },
  'a page differs in every answer': (world) => {
    let count = 0
    editBody(world, '@', (body) => body.replace('</body>', `<!-- ${(count += 1)} --></body>`))
  },
  'GET and HEAD are both refused, as declared': (world) => {
    changeHttps(world, 'n8n', (response, request) => (request.path === '/' ? { ...response, status: 401 } : response))
    describeHost(world, 'n8n', { status: 401 })
  },
}

describe('deployments that are right in another way', () => {
  test('there are checks', () => expect(checks.length).toBeGreaterThan(10))
  test.each(Object.keys(CASES))('%s', { timeout: 60_000 }, async (name) => {
    const world = healthyWorld()
    CASES[name]?.(world)
    const { byKey } = await outcomesOf(world, checks)
    expect(byKey.size).toBeGreaterThan(100)
    expect(
      [...byKey]
        .filter(([, result]) => result.outcome !== 'pass' && result.outcome !== 'skip')
        .map(([key, result]) => `${key}: ${result.outcome} ${result.code ?? ''} ${result.reason ?? ''}`),
    ).toEqual([])
  })
})

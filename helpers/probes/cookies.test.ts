/** Which answers are looked at for cookies, how often, and what is left alone; against a world of our own. */
import { afterEach, expect, test } from 'vitest'
import { changeHttps, hostNamed, setCookies } from '../../fixtures/edit.ts'
import { healthyWorld } from '../../fixtures/healthy.ts'
import { type RunningWorld, startWorld, type WorldSpec } from '../../fixtures/world.ts'
import type { Probe } from '../probe.ts'
import type { Host, Target } from '../target.ts'
import { look as lookAll, valueOf } from '../testing/look.ts'
import { cookieLooks, cookieSamples } from './cookies.ts'

const running: RunningWorld[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()))
})

async function world(name: string, change: (spec: WorldSpec) => void = () => {}): Promise<{ target: Target; asked: string[]; host: Host }> {
  const spec = healthyWorld()
  change(spec)
  const asked: string[] = []
  changeHttps(spec, name, (response, request) => {
    const cookie = request.header('cookie')
    asked.push(`${request.method} ${request.path}${cookie === undefined ? '' : ` with ${cookie}`}`)
    return response
  })
  const started = await startWorld(spec)
  running.push(started)
  const host = started.target.hosts.find((one) => one.name === name)
  if (host === undefined) throw new RangeError(name)
  return { target: started.target, asked, host }
}

const look = async <T>(target: Target, probe: Probe<T>): Promise<T> => valueOf((await lookAll(target, probe))[0])

test('the document with its redirects, robots.txt, a path nobody has, and named paths; each URL once', async () => {
  const { target, asked, host } = await world('code')
  const seen = await look(target, cookieLooks(host, ['/login', '/stable/ws']))
  expect(asked).toEqual(['GET /', 'GET /login', 'GET /postproof-3f9c0d1e', 'GET /robots.txt', 'GET /stable/ws'])
  expect(seen.responses.map((one) => new URL(one.url).pathname)).toEqual(['/', '/login', '/postproof-3f9c0d1e', '/robots.txt', '/stable/ws'])
  expect(new URL(seen.document.url).pathname).toBe('/login')
  expect(seen.silent).toEqual([])
})

test('a host without cookies is asked nothing more', async () => {
  const { target, asked, host } = await world('git')
  expect(await look(target, cookieSamples(host))).toEqual([])
  expect(asked).toEqual(['GET /', 'GET /postproof-3f9c0d1e', 'GET /robots.txt'])
})

test('an answer that sets a cookie is visited five times as a stranger, once with a made-up one', async () => {
  const { target, asked, host } = await world('git', (spec) => setCookies(spec, 'git', '/', () => ['sid=abcdef; Secure', 'old=x; Max-Age=0', 'flag=1']))
  const [sample, ...others] = await look(target, cookieSamples(host))
  expect(others).toEqual([])
  expect(sample?.visits).toHaveLength(5)
  // Backwards: the same letters and length, never issued. What is being cleared is not sent.
  expect(sample?.chosen?.sent).toEqual({ sid: 'fedcba', flag: '10' })
  expect(asked.filter((one) => one === 'GET /')).toHaveLength(5)
  expect(asked.filter((one) => one.includes(' with '))).toEqual(['GET / with sid=fedcba; flag=10'])
})

test('a named path that gives no answer is told, the rest is seen', async () => {
  const { target, host } = await world('git', (spec) => {
    const git = hostNamed(spec, 'git')
    const before = git.https
    git.https = (request) => (request.path === '/broken' ? { status: 200, drop: true } : before(request))
  })
  const seen = await look(target, cookieLooks(host, ['/broken']))
  expect(seen.silent).toHaveLength(1)
  expect(seen.silent[0]).toMatch(/^\/broken: [A-Z_]+$/)
  expect(seen.responses).toHaveLength(3)
})

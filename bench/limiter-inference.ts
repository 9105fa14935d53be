/**
 * How well limiters are told from their answers: a real nginx limit_req over rates and bursts, express-rate-limit and rate-limiter-flexible.
 * Prints, for each, how many of the runs gave the rate within 5 %, the burst within 1 and the right kind, and the requests they took.
 *
 *   node bench/limiter-inference.ts [runs]     runs of each setting, default 1
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { rateLimit as expressRateLimit } from 'express-rate-limit'
import { RateLimiterMemory } from 'rate-limiter-flexible'
import { freePort, installed, startServer } from '../fixtures/real/process.ts'
import { inferLimiter } from '../helpers/inference/limiter.ts'
import { Observer } from '../helpers/observer.ts'
import type { Probe } from '../helpers/probe.ts'
import { limiterPlan } from '../helpers/probes/limiter.ts'
import { unevenly } from '../helpers/inference/limiter.ts'
import { PacedSender, type PacedAnswer } from '../helpers/probes/paced.ts'
import { normaliseTarget, type TargetInput } from '../helpers/target.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { type Zone, zonesOf } from '../helpers/zones.ts'

const runs = Number(process.argv[2] ?? 1)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Setting {
  readonly name: string
  readonly path: string
  readonly limit: NonNullable<TargetInput['rateLimits']>[number]['limit']
  readonly perSecond: number
  readonly atOnce: number
  readonly kind: 'bucket' | 'fixed' | 'delaying-bucket'
}

/** Only what inference needs: the requests of a plan, without ways around the limit. */
function ask(zone: Zone, port: number, path: string): Probe<readonly PacedAnswer[]> {
  return {
    kind: 'bench',
    key: `bench ${zone.name} ${Math.random()}`,
    impact: 'read',
    cost: { connections: 4, requests: 0 },
    timeoutMs: 120_000,
    run: async (context) => {
      const plan = limiterPlan(zone, context.target)
      const sender = new PacedSender(context, { scheme: 'http', host: 'example.com', address: '127.0.0.1', port }, 30_000)
      const request = { method: 'GET', path, headers: [['User-Agent', 'postproof']] as const }
      const at = (count: number, atMs: number): { atMs: number; request: typeof request }[] => Array.from({ length: count }, () => ({ atMs, request }))
      const most = zone.limit?.nodelay === false ? { pool: 64, most: 64 } : { pool: 4, most: 64 }
      try {
        await sender.warm(most.pool)
        const first = await sender.send(at(plan.first, sender.nowMs), most)
        const zero = first[0]?.sentMs ?? 0
        const flood = await sender.send(at(plan.flood, zero + plan.floodAtMs), most)
        const from = sender.nowMs
        const paced = await sender.send(
          unevenly(plan.paced, plan.pacedMs).map((moment) => ({ atMs: from + moment, request })),
          most,
        )
        return [...first, ...flood, ...paced]
      } finally {
        sender.close()
      }
    },
  }
}

async function measure(settings: readonly Setting[], port: number, title: string): Promise<void> {
  const total = { rate: 0, burst: 0, kind: 0, all: 0, runs: 0, requests: 0, over: 0 }
  for (const setting of settings) {
    for (let run = 0; run < runs; run += 1) {
      const file = {
        domain: 'example.com',
        hosts: { '@': {} },
        network: { addresses: { 'example.com': '127.0.0.1' } },
        rateLimits: [{ name: 'zone', limit: setting.limit }],
      } as TargetInput
      const target = normaliseTarget(targetSchema.parse(file), { sha256: '' })
      const [zone] = zonesOf(target)
      if (zone === undefined) throw new Error('no zone')
      const observer = new Observer(target)
      const separator = setting.path.includes('?') ? '&' : '?'
      const seen = await observer.observe(ask(zone, port, `${setting.path}${separator}key=${Math.random()}`))
      await observer.close()
      if (!seen.ok) throw new Error(seen.failure.message)
      const arrivals = seen.value.map(({ sentMs, doneMs, status }) => ({ sentMs, doneMs, admitted: status < 400 }))
      const { windowMs, kind } = zone.limit ?? {}
      const fit = inferLimiter(arrivals, { ...(windowMs === undefined ? {} : { windowMs }), ...(kind === undefined || kind === 'window' ? {} : { kind }) })
      const rate = Math.abs((fit.perSecond?.value ?? 0) / setting.perSecond - 1) <= 0.05
      const burst = fit.atOnce !== undefined && Math.abs(fit.atOnce.value - setting.atOnce) <= 1
      // Without a burst, a bucket that holds one is a window of one.
      const right = fit.kind === setting.kind || (setting.atOnce === 1 && fit.alsoPossible.includes(setting.kind))
      total.runs += 1
      total.requests += arrivals.length
      if (arrivals.length > 3 * (setting.atOnce + 19)) total.over += 1
      total.rate += Number(rate)
      total.burst += Number(burst)
      total.kind += Number(right)
      total.all += Number(rate && burst && right)
      if (!(rate && burst && right))
        say(
          `  ${setting.name}: ${fit.kind}, ${fit.perSecond?.value.toFixed(3) ?? '?'}/s for ${setting.perSecond.toFixed(3)}, ${fit.atOnce?.value ?? '?'} at once for ${setting.atOnce}, ${fit.misfits} of ${fit.requests} unexplained`,
        )
    }
  }
  const share = (count: number): string => `${((100 * count) / total.runs).toFixed(1)} %`
  say(
    `${title}: ${total.runs} runs: rate ${share(total.rate)}, burst ${share(total.burst)}, kind ${share(total.kind)}, all three ${share(total.all)}; ${Math.round(total.requests / total.runs)} requests each, ${total.over} above 3 × (burst + 20)`,
  )
}

const RATES = [5, 10, 20, 30, 50, 100, 200]
const BURSTS = [0, 1, 2, 5, 10, 20, 50, 100, 200]

if (installed('nginx')) {
  const folder = await mkdtemp(join(tmpdir(), 'postproof-bench-'))
  const port = await freePort()
  const slow = { rate: '10r/m', burst: 20, nodelay: true }
  const settings: Setting[] = RATES.flatMap((rate) =>
    BURSTS.map(
      (burst): Setting => ({
        name: `${rate}r/s burst ${burst}`,
        path: `/r${rate}b${burst}`,
        limit: { rate: `${rate}r/s`, burst, nodelay: true },
        perSecond: rate,
        atOnce: burst + 1,
        kind: 'bucket',
      }),
    ),
  )
  settings.push({ name: '10r/m burst 20', path: '/slow', limit: slow, perSecond: 1 / 6, atOnce: 21, kind: 'bucket' })
  settings.push({ name: '10r/m burst 0', path: '/slow0', limit: { rate: '10r/m', burst: 0, nodelay: true }, perSecond: 1 / 6, atOnce: 1, kind: 'bucket' })
  const delays: Setting[] = [5, 10, 20].flatMap((rate) =>
    [3, 5, 10].map(
      (burst): Setting => ({
        name: `${rate}r/s burst ${burst} delay`,
        path: `/d${rate}b${burst}`,
        limit: { rate: `${rate}r/s`, burst, nodelay: false },
        perSecond: rate,
        atOnce: burst + 1,
        kind: 'delaying-bucket',
      }),
    ),
  )
  const zones = [
    ...RATES.map((rate) => `limit_req_zone $arg_key$uri zone=r${rate}:1m rate=${rate}r/s;`),
    'limit_req_zone $arg_key$uri zone=slow:1m rate=10r/m;',
  ].join('\n')
  const locations = [
    ...RATES.flatMap((rate) =>
      BURSTS.map((burst) => `location = /r${rate}b${burst} { limit_req zone=r${rate}${burst === 0 ? '' : ` burst=${burst} nodelay`}; try_files /ok =500; }`),
    ),
    ...[5, 10, 20].flatMap((rate) =>
      [3, 5, 10].map((burst) => `location = /d${rate}b${burst} { limit_req zone=r${rate} burst=${burst}; try_files /ok =500; }`),
    ),
    'location = /slow { limit_req zone=slow burst=20 nodelay; try_files /ok =500; }',
    'location = /slow0 { limit_req zone=slow; try_files /ok =500; }',
  ].join('\n')
  await writeFile(join(folder, 'ok'), 'ok\n')
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; ${process.getuid?.() === 0 ? 'user root; ' : ''}worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 1024; }
http { access_log off; limit_req_status 429; limit_req_log_level info; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
${zones}
server { listen 127.0.0.1:${port}; root ${folder}; keepalive_requests 100000;
${locations}
} }`,
  )
  const nginx = await startServer('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], [port])
  try {
    await measure(settings, port, 'nginx limit_req nodelay')
    await measure(delays, port, 'nginx limit_req with delay')
  } finally {
    await nginx.stop()
    await rm(folder, { recursive: true, force: true })
  }
} else say('nginx is not installed: left out')

const listen = async (handler: (request: IncomingMessage, reply: ServerResponse) => void): Promise<{ readonly port: number; stop(): void }> => {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
const WINDOWS = [
  [5, 1_000],
  [10, 1_000],
  [20, 2_000],
  [60, 2_000],
  [10, 5_000],
  [100, 3_000],
] as const
const windows = WINDOWS.map(
  ([limit, windowMs]): Setting => ({
    name: `${limit} in ${windowMs} ms`,
    path: `/${limit}/${windowMs}`,
    limit: `${limit}/${windowMs}ms`,
    perSecond: (limit * 1_000) / windowMs,
    atOnce: limit,
    kind: 'fixed',
  }),
)

const app = express()
for (const [limit, windowMs] of WINDOWS)
  app.get(
    `/${limit}/${windowMs}`,
    expressRateLimit({ windowMs, limit, keyGenerator: (request) => request.originalUrl, legacyHeaders: false }),
    (_request, reply) => void reply.send('ok'),
  )
const one = await listen(app)
await measure(windows, one.port, 'express-rate-limit')
one.stop()

const limiters = new Map(WINDOWS.map(([limit, windowMs]) => [`/${limit}/${windowMs}`, new RateLimiterMemory({ points: limit, duration: windowMs / 1_000 })]))
const two = await listen((request, reply) => {
  const url = new URL(request.url ?? '/', 'http://localhost')
  void limiters
    .get(url.pathname)
    ?.consume(url.searchParams.get('key') ?? '')
    .then(
      () => reply.end('ok'),
      () => reply.writeHead(429).end('no'),
    )
})
await measure(windows, two.port, 'rate-limiter-flexible')
two.stop()

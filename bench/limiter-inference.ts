/**
 * How well limiters are told from their answers: nginx limit_req over rates and bursts, express-rate-limit, rate-limiter-flexible in memory and on
 * Redis, a token bucket and a sliding log. Prints, for each, how many of the runs gave the rate within 5 %, the burst within 1 and the right kind,
 * how many were said not to be clear, the requests they took, and how busy the machine was. The limiters run in a thread or process of their own.
 * How many requests may be under way at once (limit_conn) is counted and not inferred: helpers/probes/concurrent.ts.
 *
 *   node bench/limiter-inference.ts [--runs 1] [--family nginx,redis]     runs of each setting; families: see FAMILIES
 *   node bench/limiter-inference.ts --together 3                          settings looked at side by side, each with a key of its own
 *   node bench/limiter-inference.ts --save seen.jsonl                     keeps what was seen; --again seen.jsonl infers from it once more
 *   node bench/limiter-inference.ts --simulated [--far]                   the same families in virtual time: see limiter-simulation.ts
 */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import express from 'express'
import { rateLimit as expressRateLimit } from 'express-rate-limit'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { createClient } from 'redis'
import { freePort } from '../fixtures/servers/tcp.ts'
import { installed, startServer } from '../fixtures/real/process.ts'
import { type Arrival, inferLimiter } from '../helpers/inference/limiter.ts'
import { nextMoments } from '../helpers/inference/pacing.ts'
import { Observer } from '../helpers/observer.ts'
import type { Probe } from '../helpers/probe.ts'
import { limiterPlan } from '../helpers/probes/limiter.ts'
import { PacedSender, type PacedAnswer } from '../helpers/probes/paced.ts'
import { normaliseTarget, type Target, type TargetInput } from '../helpers/target.ts'
import { targetSchema } from '../helpers/target/schema.ts'
import { type Zone, zonesOf } from '../helpers/zones.ts'
import { BUSY, FAR, fixedWindow, type Limiter, looked, nginxBucket, type Random, seeded, slidingWindow, tokenBucket } from './limiter-simulation.ts'

interface Setting {
  readonly name: string
  readonly path: string
  readonly limit: NonNullable<TargetInput['rateLimits']>[number]['limit']
  readonly perSecond: number
  readonly atOnce: number
  readonly kind: 'bucket' | 'fixed' | 'sliding' | 'delaying-bucket'
}
interface Family {
  readonly settings: readonly Setting[]
  start(): Promise<{ readonly port: number; stop(): Promise<unknown> }>
  simulated(setting: Setting, random: Random): Limiter
  /** Programs it needs. */
  readonly needs: readonly string[]
}

const WINDOWS = [
  [5, 1_000],
  [10, 1_000],
  [20, 2_000],
  [60, 2_000],
  [10, 5_000],
  [100, 3_000],
] as const
const windows = (kind: 'fixed' | 'sliding'): readonly Setting[] =>
  WINDOWS.map(([limit, windowMs]) => ({
    name: `${limit} in ${windowMs} ms`,
    path: `/${limit}/${windowMs}`,
    limit: `${limit}/${windowMs}ms`,
    perSecond: (limit * 1_000) / windowMs,
    atOnce: limit,
    kind,
  }))
const RATES = [5, 10, 20, 30, 50, 100, 200]
const BURSTS = [0, 1, 2, 5, 10, 20, 50, 100, 200]
const bucket = (rate: number, burst: number): Setting => ({
  name: `${rate}r/s burst ${burst}`,
  path: `/r${rate}b${burst}`,
  limit: { rate: `${rate}r/s`, burst, nodelay: true },
  perSecond: rate,
  atOnce: burst + 1,
  kind: 'bucket',
})
const buckets: readonly Setting[] = [
  ...RATES.flatMap((rate) => BURSTS.map((burst) => bucket(rate, burst))),
  { ...bucket(10, 20), name: '10r/m burst 20', path: '/slow', limit: { rate: '10r/m', burst: 20, nodelay: true }, perSecond: 1 / 6 },
  { ...bucket(10, 0), name: '10r/m burst 0', path: '/slow0', limit: { rate: '10r/m', burst: 0, nodelay: true }, perSecond: 1 / 6 },
]
const delays: readonly Setting[] = [5, 10, 20].flatMap((rate) =>
  [3, 5, 10].map(
    (burst): Setting => ({
      ...bucket(rate, burst),
      name: `${rate}r/s burst ${burst} delay`,
      path: `/d${rate}b${burst}`,
      limit: { rate: `${rate}r/s`, burst, nodelay: false },
      kind: 'delaying-bucket',
    }),
  ),
)

/** Runs in a thread of its own: `workerData` is its name, the port is told to whoever started it. */
async function serve(name: string, redisPort: number): Promise<void> {
  const admits = await admitter(name, redisPort)
  const app = express()
  if (name === 'express')
    for (const [limit, windowMs] of WINDOWS)
      app.get(
        `/${limit}/${windowMs}`,
        expressRateLimit({ windowMs, limit, keyGenerator: (request) => request.originalUrl, legacyHeaders: false }),
        (_request, reply) => void reply.send('ok'),
      )
  const answer = (request: IncomingMessage, reply: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    void admits(pathname, searchParams.get('key') ?? '').then((admitted) => (admitted ? reply.end('ok') : reply.writeHead(429).end('no')))
  }
  const server = createServer(name === 'express' ? app : answer)
  server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
}

async function admitter(name: string, redisPort: number): Promise<(path: string, key: string) => Promise<boolean>> {
  if (name === 'memory' || name === 'redis') {
    const client = createClient({ socket: { host: '127.0.0.1', port: redisPort } })
    if (name === 'redis') await client.connect()
    const limiters = new Map<string, RateLimiterMemory | RateLimiterRedis>(
      WINDOWS.map(([points, windowMs]) => {
        const options = { points, duration: windowMs / 1_000 }
        const own =
          name === 'redis'
            ? new RateLimiterRedis({ ...options, storeClient: client, useRedisPackage: true, keyPrefix: `${points}/${windowMs}` })
            : new RateLimiterMemory(options)
        return [`/${points}/${windowMs}`, own] as const
      }),
    )
    return (path, key) =>
      (limiters.get(path)?.consume(key) ?? Promise.reject(new Error(path))).then(
        () => true,
        () => false,
      )
  }
  if (name === 'sliding') {
    const taken = new Map<string, number[]>()
    return (path, key) => {
      const [, limit = 0, windowMs = 0] = path.split('/').map(Number)
      const now = performance.now()
      const inside = (taken.get(`${path} ${key}`) ?? []).filter((at) => at > now - windowMs)
      const admitted = inside.length < limit
      if (admitted) inside.push(now)
      taken.set(`${path} ${key}`, inside)
      return Promise.resolve(admitted)
    }
  }
  const levels = new Map<string, { tokens: number; at: number }>()
  return (path, key) => {
    const [, rate = 0, burst = 0] = (/^\/r(\d+)b(\d+)$/.exec(path) ?? []).map(Number)
    const now = performance.now()
    const level = levels.get(`${path} ${key}`) ?? { tokens: burst + 1, at: now }
    level.tokens = Math.min(burst + 1, level.tokens + ((now - level.at) * rate) / 1_000)
    level.at = now
    const admitted = level.tokens >= 1
    if (admitted) level.tokens -= 1
    levels.set(`${path} ${key}`, level)
    return Promise.resolve(admitted)
  }
}

const inThread = async (name: string, redisPort = 0): Promise<{ readonly port: number; stop(): Promise<unknown> }> => {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { name, redisPort } })
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  return { port, stop: () => worker.terminate() }
}

async function nginx(): Promise<{ readonly port: number; stop(): Promise<unknown> }> {
  const folder = await mkdtemp(join(tmpdir(), 'postproof-bench-'))
  const port = await freePort()
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
  const server = await startServer('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], [port])
  return {
    port,
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function redis(): Promise<{ readonly port: number; stop(): Promise<unknown> }> {
  const folder = await mkdtemp(join(tmpdir(), 'postproof-bench-'))
  const port = await freePort()
  const store = await startServer('redis-server', ['--port', String(port), '--save', '', '--bind', '127.0.0.1', '--dir', folder], [port])
  const server = await inThread('redis', port)
  return {
    port: server.port,
    stop: async () => {
      await server.stop()
      await store.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const burstOf = ({ atOnce, perSecond }: Setting): { readonly perSecond: number; readonly burst: number } => ({ perSecond, burst: atOnce - 1 })
const windowOf = ({ atOnce, perSecond }: Setting): number => Math.round((atOnce * 1_000) / perSecond)
const fixedWindows = (start: Family['start'], needs: readonly string[] = []): Family => ({
  settings: windows('fixed'),
  start,
  needs,
  simulated: (setting, random) => fixedWindow(setting.atOnce, windowOf(setting), random()),
})
const FAMILIES: Readonly<Record<string, Family>> = {
  nginx: { settings: buckets, start: nginx, needs: ['nginx'], simulated: (setting, random) => nginxBucket(burstOf(setting), false, random()) },
  'nginx-delay': { settings: delays, start: nginx, needs: ['nginx'], simulated: (setting, random) => nginxBucket(burstOf(setting), true, random()) },
  token: {
    settings: [5, 10, 50, 200].flatMap((rate) => [0, 5, 20, 100].map((burst) => bucket(rate, burst))),
    start: () => inThread('token'),
    needs: [],
    simulated: (setting) => tokenBucket(burstOf(setting)),
  },
  express: fixedWindows(() => inThread('express')),
  memory: fixedWindows(() => inThread('memory')),
  redis: fixedWindows(redis, ['redis-server']),
  sliding: {
    settings: windows('sliding'),
    start: () => inThread('sliding'),
    needs: [],
    simulated: (setting) => slidingWindow(setting.atOnce, windowOf(setting)),
  },
}

const arrivalOf = ({ sentMs, doneMs, status }: PacedAnswer): Arrival => ({ sentMs, doneMs, admitted: status < 400 })

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
        const all = [...first, ...flood]
        for (let asked = 0; ; ) {
          const from = sender.nowMs
          const moments = nextMoments(plan, all.map(arrivalOf), asked, from)
          if (moments.length === 0) return all
          asked += moments.length
          all.push(
            ...(await sender.send(
              moments.map((moment) => ({ atMs: from + moment, request })),
              most,
            )),
          )
        }
      } finally {
        sender.close()
      }
    },
  }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

interface Seen {
  readonly family: string
  readonly setting: Setting
  readonly arrivals: readonly Arrival[]
  readonly load: number
}
const zoneFor = ({ limit }: Setting): { readonly target: Target; readonly zone: Zone } => {
  const file = {
    domain: 'example.com',
    hosts: { '@': {} },
    network: { addresses: { 'example.com': '127.0.0.1' } },
    rateLimits: [{ name: 'zone', limit }],
  } as TargetInput
  const target = normaliseTarget(targetSchema.parse(file), { sha256: '' })
  const [zone] = zonesOf(target)
  if (zone === undefined) throw new Error('no zone')
  return { target, zone }
}

async function* look(name: string, { settings, start }: Family, runs: number, together: number): AsyncGenerator<Seen> {
  const server = await start()
  const one = async (setting: Setting): Promise<Seen> => {
    const { target, zone } = zoneFor(setting)
    const observer = new Observer(target)
    const seen = await observer.observe(ask(zone, server.port, `${setting.path}?key=${Math.random()}`))
    await observer.close()
    if (!seen.ok) throw new Error(seen.failure.message)
    return { family: name, setting, arrivals: seen.value.map(arrivalOf), load: loadavg()[0] ?? Number.NaN }
  }
  const waiting = settings.flatMap((setting) => Array.from({ length: runs }, () => setting))
  try {
    while (waiting.length > 0) yield* await Promise.all(waiting.splice(0, together).map(one))
  } finally {
    await server.stop()
  }
}

function* simulated(name: string, family: Family, runs: number, far: boolean): Generator<Seen> {
  for (const [place, setting] of family.settings.entries())
    for (let run = 0; run < runs; run += 1) {
      const random = seeded(place * 100_000 + run + 1)
      const { target, zone } = zoneFor(setting)
      const arrivals = looked(limiterPlan(zone, target), family.simulated(setting, random), random, far ? FAR : BUSY, setting.kind === 'delaying-bucket')
      yield { family: name, setting, arrivals, load: 0 }
    }
}

async function measure(title: string, all: AsyncIterable<Seen> | Iterable<Seen>): Promise<void> {
  const total = { rate: 0, burst: 0, kind: 0, all: 0, wrong: 0, runs: 0, requests: 0, over: 0, load: 0 }
  for await (const { setting, arrivals, load } of all) {
    const { windowMs, kind } = zoneFor(setting).zone.limit ?? {}
    const fit = inferLimiter(arrivals, { ...(windowMs === undefined ? {} : { windowMs }), ...(kind === undefined || kind === 'window' ? {} : { kind }) })
    const { perSecond } = fit
    const rate = Math.abs((perSecond?.value ?? 0) / setting.perSecond - 1) <= 0.05
    const burst = fit.atOnce !== undefined && Math.abs(fit.atOnce.value - setting.atOnce) <= 1
    // Without a burst, a bucket that holds one is a window of one.
    const right = fit.kind === setting.kind || (setting.atOnce === 1 && fit.alsoPossible.includes(setting.kind))
    // What it leaves open contains the truth, or it says itself that it does not explain what came.
    const open = (perSecond !== undefined && perSecond.low <= setting.perSecond && setting.perSecond <= perSecond.high) || fit.misfits > 0
    total.runs += 1
    total.load += load
    total.requests += arrivals.length
    if (arrivals.length > 3 * (setting.atOnce + 19)) total.over += 1
    total.rate += Number(rate)
    total.burst += Number(burst)
    total.kind += Number(right)
    total.all += Number(rate && burst && right)
    total.wrong += Number(!rate && !open)
    if (!(rate && burst && right))
      say(
        `  ${setting.name}: ${fit.kind}, ${perSecond?.value.toFixed(3) ?? '?'}/s (${perSecond?.low.toFixed(3) ?? '?'} to ${perSecond?.high.toFixed(3) ?? '?'}) for ${setting.perSecond.toFixed(3)}, ${fit.atOnce?.value ?? '?'} at once for ${setting.atOnce}, ${fit.misfits} of ${fit.requests} unexplained`,
      )
  }
  const share = (count: number): string => `${((100 * count) / total.runs).toFixed(1)} %`
  say(
    `${title}: ${total.runs} runs: rate ${share(total.rate)}, burst ${share(total.burst)}, kind ${share(total.kind)}, all three ${share(total.all)}; rate wrong and sure of it ${share(total.wrong)}; ${Math.round(total.requests / total.runs)} requests each, ${total.over} above 3 × (burst + 20); load ${(total.load / total.runs).toFixed(1)} on ${cpus().length} cores`,
  )
}

async function* saved(all: AsyncIterable<Seen>, file: string | undefined): AsyncGenerator<Seen> {
  for await (const seen of all) {
    if (file !== undefined) await appendFile(file, `${JSON.stringify(seen)}\n`)
    yield seen
  }
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '1' },
      family: { type: 'string' },
      save: { type: 'string' },
      again: { type: 'string' },
      together: { type: 'string', default: '1' },
      simulated: { type: 'boolean', default: false },
      far: { type: 'boolean', default: false },
    },
  })
  const runs = Number(values.runs)
  const together = Number(values.together)
  const wanted = values.family?.split(',') ?? Object.keys(FAMILIES)
  const unknown = wanted.filter((name) => FAMILIES[name] === undefined)
  if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(together) || together < 1 || unknown.length > 0) {
    say(`--runs and --together take a whole number, --family some of ${Object.keys(FAMILIES).join(', ')}`)
    process.exit(3)
  }
  const kept =
    values.again === undefined
      ? undefined
      : (await readFile(values.again, 'utf8'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Seen)
  for (const name of wanted) {
    if (kept !== undefined) {
      const own = kept.filter((seen) => seen.family === name)
      if (own.length > 0) await measure(name, own)
      continue
    }
    const family = FAMILIES[name] as Family
    if (values.simulated) {
      await measure(name, simulated(name, family, runs, values.far))
      continue
    }
    const missing = family.needs.filter((program) => !installed(program))
    if (missing.length > 0) say(`${name}: left out, for want of ${missing.join(', ')}`)
    else await measure(name, saved(look(name, family, runs, together), values.save))
  }
} else {
  const { name, redisPort } = workerData as { readonly name: string; readonly redisPort: number }
  await serve(name, redisPort)
}

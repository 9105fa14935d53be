/** Rate limits as the target declares them: one entry for each zone and layer. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { hostName, path, port, stated, status, text } from './words.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
}
const SPAN = /^(\d+(?:\.\d+)?)?\s*(ms|s|sec|second|m|min|minute|h|hour|d|day)s?$/
const RATE = /^(\d+(?:\.\d+)?)\s*r?\s*\/\s*(.+)$/

/** Milliseconds of `min`, `60s`, `500ms`; undefined for what is no span of time. */
export function spanMs(span: string): number | undefined {
  const parts = SPAN.exec(span)
  const ms = parts === null ? Number.NaN : Number(parts[1] ?? 1) * (UNIT_MS[parts[2] as string] ?? Number.NaN)
  return ms > 0 ? ms : undefined
}
/** `10/min`, `10r/m`, `100 r/s`, `5/500ms`: so many in so many milliseconds; undefined for anything else. */
export function readRate(rate: string): { readonly count: number; readonly perMs: number } | undefined {
  const parts = RATE.exec(rate)
  const perMs = parts === null ? undefined : spanMs(parts[2] as string)
  const count = Number(parts?.[1])
  return perMs === undefined || !(count > 0) ? undefined : { count, perMs }
}

const span = z.string().refine((value) => spanMs(value) !== undefined, 'a span of time such as min, 60s or 500ms')
const rate = z.string().refine((value) => readRate(value) !== undefined, 'a rate such as 10/min, 10r/m or 100/s')

const limit = z.union([
  rate,
  z.strictObject({
    rate: z.union([rate, z.number().positive()]).meta({ description: '10r/s, or a number with `per`' }),
    per: span.meta({ description: 'with a number as rate: s, min, h, 60s' }).optional(),
    burst: z.int().min(0).meta({ description: 'further requests that are taken at once (nginx burst=)' }).optional(),
    nodelay: z
      .boolean()
      .meta({ description: 'what is within the burst is answered at once (nginx nodelay); false: it is delayed. Left out: either is fine' })
      .optional(),
    kind: z
      .enum(['bucket', 'fixed', 'sliding'])
      .meta({
        description:
          'bucket: leaky or token bucket; fixed: so many in each window; sliding: so many in any window. Default: bucket with a burst, otherwise any',
      })
      .optional(),
  }),
])

const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const field = z.string().regex(FIELD, 'a header name')
/** How an answer of the limiter is told from those of other layers. All given keys must hold. */
const marker = z
  .strictObject({
    body: text('text that the body of a rejection contains').optional(),
    header: z.record(field, z.string().min(1)).meta({ description: 'header -> text that it contains' }).optional(),
    contentType: text('media type of a rejection, such as application/json').optional(),
  })
  .refine(stated, 'an empty marker would fit any answer')

const address = z.string().refine((value) => isIP(value) !== 0, 'an address of this machine')
/** Who has one address of it has them all: the /64 of IPv6 (RFC 6177, RFC 7934), the /24 of IPv4. */
function networkOf(value: string): string {
  if (isIP(value) !== 6) return value.split('.').slice(0, 3).join('.')
  const [head = '', tail] = value.toLowerCase().split('::')
  const words = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const whole = tail === undefined ? words : [...words, ...Array.from({ length: 8 - words.length - after.length }, () => '0'), ...after]
  return whole
    .slice(0, 4)
    .map((word) => Number.parseInt(word, 16).toString(16))
    .join(':')
}

const zone = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'a short name: auth_limit')
    .meta({ description: 'short name, for the report: auth_limit' }),
  layer: z.enum(['edge', 'app']).meta({ description: 'who limits: the proxy (edge) or the application (app). Default edge' }).optional(),
  hosts: z.array(hostName).min(1).meta({ description: 'hosts it stands before. Default all' }).optional(),
  paths: z.array(path).min(1).meta({ description: 'paths it stands before; a * at the end takes in everything below. Default /*' }).optional(),
  methods: z
    .array(z.string().regex(/^[A-Z]+$/, 'a method in capitals'))
    .min(1)
    .meta({ description: 'methods it counts. Default all' })
    .optional(),
  limit: limit.meta({ description: '10/min, or an object. Left out: that there is a limit at all is looked at' }).optional(),
  concurrency: z.int().min(1).max(200).meta({ description: 'requests of one client under way at once (nginx limit_conn)' }).optional(),
  key: z.enum(['ip', 'account', 'header', 'global']).meta({ description: 'whom it counts. Default ip' }).optional(),
  keyHeader: field.meta({ description: 'with key header: whose value is counted' }).optional(),
  status: status.meta({ description: 'status of a rejection. Default 429' }).optional(),
  retryAfter: z.enum(['required', 'optional', 'absent']).meta({ description: 'Retry-After on a rejection. Left out: a missing one is a warning' }).optional(),
  headers: z
    .enum(['draft', 'legacy', 'any', 'none'])
    .meta({ description: 'RateLimit fields: of the draft, X-RateLimit-*, either. Default: not asked for' })
    .optional(),
  rejection: marker.meta({ description: 'how its rejections look; tells layers apart' }).optional(),
  request: z
    .strictObject({
      method: z
        .string()
        .regex(/^[A-Z]+$/)
        .meta({ description: 'default the first of methods, or GET' })
        .optional(),
      host: hostName.optional(),
      path: path.optional(),
      headers: z.record(field, z.string()).meta({ description: 'request headers' }).optional(),
      json: z.record(z.string(), z.unknown()).meta({ description: 'body; harmless: it is sent many times' }).optional(),
      body: z.string().meta({ description: 'body as text; harmless: it is sent many times' }).optional(),
      accept: z
        .array(z.int().min(100).max(599))
        .min(1)
        .meta({ description: 'statuses of requests that the limiter let through. Default 200 to 399, 400, 401, 403, 404 as the first answer is' })
        .optional(),
    })
    .meta({ description: 'how to ask. Default GET of the first path' })
    .optional(),
  accountField: text('key of request.json that names the account: email').optional(),
  volume: z
    .strictObject({
      requests: z.int().min(50).max(100_000).meta({ description: 'in all' }),
      connections: z.int().min(2).max(256).meta({ description: 'that ask at the same time. Default 20' }).optional(),
      seconds: z.int().min(1).max(60).meta({ description: 'it ends then, whatever is left. Default 10' }).optional(),
    })
    .meta({ description: 'far more than the limit for a while: sent with the consent `load`, ended as soon as the target suffers' })
    .optional(),
  exempt: z.array(path).min(1).meta({ description: 'paths that must answer while the zone is exhausted' }).optional(),
  secondAddress: address.meta({ description: 'second address of this machine: another client' }).optional(),
  sameNetwork: z
    .tuple([address, address])
    .refine(([a, b]) => isIP(a) === 0 || isIP(b) === 0 || (a !== b && networkOf(a) === networkOf(b)), 'two addresses of one IPv6 /64 (or IPv4 /24)')
    .meta({ description: 'two addresses of this machine that one visitor may choose from: of one IPv6 /64. The limit must take them for one client' })
    .optional(),
  backend: z
    .strictObject({ address: z.string().meta({ description: 'default the first address of the host' }).optional(), port: port })
    .meta({ description: 'port of the server behind the limit; must not be reachable' })
    .optional(),
  trustedHeaders: z
    .array(field)
    .meta({ description: 'headers from which the client address is taken on purpose, because only a proxy of ours can reach it' })
    .optional(),
  workers: z.int().min(1).max(64).meta({ description: 'processes of the application; a limit counted in each of them is so many times too high' }).optional(),
  costly: z.boolean().meta({ description: 'requests cost money or send mail: fewer are sent' }).optional(),
})

export const rateLimits = z
  .array(zone)
  .superRefine((zones, context) => {
    const names = zones.map(({ name }) => name)
    zones.forEach((one, index) => {
      const say = (key: string, message: string): void => context.addIssue({ code: 'custom', path: [index, key], message })
      if (names.indexOf(one.name) !== index) say('name', `two zones are named ${one.name}`)
      if (one.key === 'header' && one.keyHeader === undefined) say('key', 'key: header needs keyHeader')
      if (typeof one.limit === 'object' && typeof one.limit.rate === 'number' && one.limit.per === undefined) say('limit', 'a number as rate needs `per`')
      if (one.request?.json !== undefined && one.request.body !== undefined) say('request', 'json and body are both given')
      if (one.volume !== undefined && one.limit === undefined) say('volume', 'volume needs `limit`: without a number nothing says how much may be let through')
      if (one.volume !== undefined && one.costly === true) say('volume', 'requests of this zone are costly: no volume of them is sent')
      if (one.accountField !== undefined && typeof one.request?.json?.[one.accountField] !== 'string')
        say('accountField', `request.json has no text named ${one.accountField}`)
      const method = one.request?.method ?? 'GET'
      if (one.methods !== undefined && !one.methods.includes(one.request?.method ?? one.methods[0] ?? '')) say('request', `the zone does not count ${method}`)
      const asked = one.request?.path
      if (asked !== undefined && !(one.paths ?? ['/*']).some((pattern) => pathMatches(pattern, asked))) say('request', `${asked} is not in paths`)
    })
  })
  .meta({ description: 'rate limits that must hold; looked at with the consent `load`' })
export type RateLimitZone = z.output<typeof zone>

/** Whether a path is meant by a pattern: `/api/*` takes in all below, anything else itself. The query is not looked at. */
export function pathMatches(pattern: string, asked: string): boolean {
  const bare = asked.split('?', 1)[0] as string
  return pattern.endsWith('*') ? bare.startsWith(pattern.slice(0, -1)) : bare === pattern
}

/** Rate limits in a target: what is said, with line and column, when they cannot be meant. */
import { expect, test } from 'vitest'
import { problemText, readYaml } from './problems.ts'

const HEAD = 'domain: example.com\nhosts: { api: {} }\nrateLimits:\n'
const told = (part: string): readonly string[] => readYaml(HEAD + part, 'target.yaml').problems.map((problem) => problemText(problem))

test.each([
  '  - { name: api_limit, hosts: [api], paths: [/api/*], request: { path: /api/items }, limit: { rate: 100r/s, burst: 200, nodelay: true }, status: 429, backend: { port: 3000 } }\n',
  '  - { name: login, layer: app, methods: [POST], request: { method: POST, json: { email: a@example.com } }, accountField: email, limit: 10/min, secondAddress: "::1" }\n',
  '  - { name: tenant, key: header, keyHeader: X-Tenant, limit: { rate: 5, per: 500ms, kind: sliding }, trustedHeaders: [X-Forwarded-For], rejection: { header: { Server: nginx } } }\n',
  '  - { name: near, limit: 10/s, sameNetwork: ["fd00:0:0:1::1", "fd00::1:0:0:0:2"] }\n  - { name: house, sameNetwork: [192.0.2.1, 192.0.2.9] }\n',
  '  - { name: many, limit: 10/s, volume: { requests: 2000, connections: 50, seconds: 5 } }\n  - { name: together, concurrency: 10, status: [429, 503] }\n',
])('is right: %#', (part) => {
  expect(told(part)).toEqual([])
})

test.each<[string, string, string]>([
  ['a rate that is none', '  - { name: a, limit: ten a minute }\n', '4:23: rateLimits[0].limit: a rate such as 10/min, 10r/m or 100/s'],
  [
    'a rate in an object that is none',
    '  - { name: a, limit: { rate: 10/fortnight } }\n',
    '4:31: rateLimits[0].limit.rate: a rate such as 10/min, 10r/m or 100/s',
  ],
  ['a number without its time', '  - { name: a, limit: { rate: 10 } }\n', '4:23: rateLimits[0].limit: a number as rate needs `per`'],
  ['a time that is none', '  - { name: a, limit: { rate: 10, per: often } }\n', '4:40: rateLimits[0].limit.per: a span of time such as min, 60s or 500ms'],
  ['a burst below 0', '  - { name: a, limit: { rate: 10/s, burst: -1 } }\n', '4:44: rateLimits[0].limit.burst'],
  ['a kind nobody knows', '  - { name: a, limit: { rate: 10/s, kind: leaky } }\n', '4:43: rateLimits[0].limit.kind'],
  ['a key that is unknown', '  - { name: a, limits: 10/s }\n', '4:16: rateLimits[0].limits'],
  ['a name with a space', '  - { name: api limit }\n', '4:13: rateLimits[0].name: a short name: auth_limit'],
  ['no name', '  - { limit: 10/s }\n', '4:5: rateLimits[0]: "name" is missing'],
  ['two of a name', '  - { name: a }\n  - { name: a }\n', '5:13: rateLimits[1].name: two zones are named a'],
  ['no layer', '  - { name: a, layer: proxy }\n', '4:23: rateLimits[0].layer'],
  ['a path without its slash', '  - { name: a, paths: [api] }\n', '4:24: rateLimits[0].paths[0]'],
  ['a method in small letters', '  - { name: a, methods: [post] }\n', '4:26: rateLimits[0].methods[0]: a method in capitals'],
  ['a header that is none', '  - { name: a, key: header, keyHeader: "X Tenant" }\n', '4:40: rateLimits[0].keyHeader: a header name'],
  ['a header key without its header', '  - { name: a, key: header }\n', '4:21: rateLimits[0].key: key: header needs keyHeader'],
  ['an address that is none', '  - { name: a, secondAddress: localhost }\n', '4:31: rateLimits[0].secondAddress: an address of this machine'],
  [
    'two addresses of different networks',
    '  - { name: a, sameNetwork: ["fd00:0:0:1::1", "fd00:0:0:2::1"] }\n',
    '4:29: rateLimits[0].sameNetwork: two addresses of one IPv6 /64',
  ],
  ['one address twice', '  - { name: a, sameNetwork: [127.0.0.1, 127.0.0.1] }\n', '4:29: rateLimits[0].sameNetwork: two addresses of one IPv6 /64'],
  ['a neighbour that is no address', '  - { name: a, sameNetwork: [127.0.0.1, here] }\n', '4:41: rateLimits[0].sameNetwork[1]: an address of this machine'],
  ['a marker that fits anything', '  - { name: a, rejection: {} }\n', '4:27: rateLimits[0].rejection: an empty marker would fit any answer'],
  ['two bodies', '  - { name: a, request: { json: { a: 1 }, body: x } }\n', '4:25: rateLimits[0].request: json and body are both given'],
  ['a method that is not counted', '  - { name: a, methods: [POST], request: { method: GET } }\n', '4:42: rateLimits[0].request: the zone does not count GET'],
  ['a path that is not counted', '  - { name: a, paths: [/api/*], request: { path: /auth } }\n', '4:42: rateLimits[0].request: /auth is not in paths'],
  ['no requests at once', '  - { name: a, concurrency: 0 }\n', '4:29: rateLimits[0].concurrency'],
  ['too many workers', '  - { name: a, workers: 65 }\n', '4:25: rateLimits[0].workers'],
  ['a port that is none', '  - { name: a, backend: { port: 70000 } }\n', '4:33: rateLimits[0].backend.port'],
  ['volume without a limit', '  - { name: a, volume: { requests: 500 } }\n', '4:24: rateLimits[0].volume: volume needs `limit`'],
  [
    'volume of what is costly',
    '  - { name: a, limit: 5/min, costly: true, volume: { requests: 500 } }\n',
    '4:52: rateLimits[0].volume: requests of this zone are costly',
  ],
  ['hardly any volume', '  - { name: a, limit: 5/min, volume: { requests: 5 } }\n', '4:50: rateLimits[0].volume.requests'],
  ['volume without an end', '  - { name: a, limit: 5/min, volume: { requests: 500, seconds: 3600 } }\n', '4:64: rateLimits[0].volume.seconds'],
  ['an account in no body', '  - { name: a, accountField: email }\n', '4:30: rateLimits[0].accountField: request.json has no text named email'],
  [
    'an account under another name',
    '  - { name: a, methods: [POST], request: { json: { user: a } }, accountField: email }\n',
    '4:79: rateLimits[0].accountField: request.json has no text named email',
  ],
])('%s', (_name, part, wanted) => {
  const problems = told(part)
  expect(problems).toHaveLength(1)
  const [line = '', column, place, ...text] = wanted.split(': ').flatMap((words, index) => (index === 0 ? words.split(':') : [words]))
  expect(problems[0]).toContain(`target.yaml:${line}:${column}: ${place}: `)
  expect(problems[0]).toContain(text.join(': '))
})

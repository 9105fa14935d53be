import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { issueCertificate } from '../../fixtures/certificates.ts'
import { installed } from '../../fixtures/real/process.ts'
import { programs, starters, worldFor } from '../../fixtures/real/servers.ts'
import { startWorld } from '../../fixtures/world.ts'
import { normaliseTarget, type Target } from '../target.ts'
import { targetSchema } from '../target/schema.ts'
import { look, valueOf } from '../testing/look.ts'
import { AnswerReader, getHead } from './pipeline.ts'
import { type SweepPath, sweepPaths } from './sweep.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone'
const LAST = 'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnone'

/** What the reader makes of these bytes, given in pieces of so many. */
function readIn(bytes: string, size: number): { readonly statuses: readonly number[]; readonly bodies: readonly string[]; readonly broken: boolean } {
  const reader = new AnswerReader()
  const statuses: number[] = []
  const bodies: string[] = []
  const all = Buffer.from(bytes, 'latin1')
  for (let at = 0; at < all.length; at += size)
    reader.read(all.subarray(at, at + size), ({ status, body }) => {
      statuses.push(status)
      bodies.push(Buffer.from(body).toString('latin1'))
    })
  return { statuses, bodies, broken: reader.broken !== undefined }
}

describe('answers one after the other', () => {
  test.each([1, 2, 3, 7, 64, 10_000])('are read in pieces of %i bytes', (size) => {
    const bytes = [
      NOT_FOUND,
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n',
      'HTTP/1.1 204 No Content\r\n\r\n',
      'HTTP/1.1 301 \r\ncontent-length:0\r\nX-Empty:\r\nX-Twice: a\r\nX-Twice:  b\t\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 4',
      LAST,
    ].join('')
    expect(readIn(bytes, size)).toEqual({
      statuses: [404, 200, 204, 301, 200, 404],
      bodies: ['none', 'abc0123456789', '', '', 'HTTP/1.1 404 Not Found\r\nContent-Length: 4', 'none'],
      broken: false,
    })
  })

  test('headers keep order, case and duplicates', () => {
    let headers: unknown
    new AnswerReader().read(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nB: 1\r\na:  2 \r\nB: \r\n\r\n'), (answer) => (headers = answer.headers))
    expect(headers).toEqual([
      ['Content-Length', '0'],
      ['B', '1'],
      ['a', '2'],
      ['B', ''],
    ])
  })

  test.each([
    ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['early hints', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n'],
    ['HTTP/1.0', 'HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['no length', 'HTTP/1.1 404 Not Found\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +0\r\n\r\n'],
    ['two codings', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['chunks of more than they say', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n'],
    ['a chunk extension', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\na\r\n0\r\n\r\n'],
    ['a trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n'],
    ['a body where there is none', 'HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc'],
    ['not modified', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
    ['a control character', 'HTTP/1.1 200 OK\r\nA: \u0001\r\nContent-Length: 0\r\n\r\n'],
    ['a body longer than its length', `${NOT_FOUND}x${NOT_FOUND}`],
    ['bytes behind the last answer', `${LAST}${NOT_FOUND}`],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`],
    ['a body too long to wait for', 'HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n'],
    ['chunks too long to wait for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n'],
  ])('break on %s', (_what, bytes) => {
    expect(readIn(bytes, 10_000).broken).toBe(true)
    expect(readIn(bytes, 5).broken).toBe(true)
  })

  test('a request that could be two is not made', () => {
    expect(getHead('example.com', '/a', [['accept', '*/*']], true)).toBe('GET /a HTTP/1.1\r\nhost: example.com\r\naccept: */*\r\nconnection: close\r\n\r\n')
    for (const path of ['/a b', '/a\r\nx: y', '/é', 'a', '*']) expect(getHead('example.com', path, [], false)).toBeUndefined()
    expect(getHead('example.com', '/', [['a', 'b\r\nc: d']], false)).toBeUndefined()
  })
})

const targetOf = (port: number, more: object = {}): Target =>
  normaliseTarget(
    targetSchema.parse({
      domain: 'example.com',
      environment: 'local',
      hosts: { '@': {} },
      network: { addresses: { 'example.com': '127.0.0.1' }, ports: { https: port } },
      limits: { probeSeconds: 1 },
      ...more,
    }),
    { sha256: '0'.repeat(64) },
  )

/** Forty paths; `/p7` is a find, `/p20` to `/p29` are forbidden, `/p33` moves, the others are not there. */
const PATHS: readonly SweepPath[] = Array.from({ length: 40 }, (_, index) => ({ path: `/p${index}` }))
function honest(path: string): { readonly status: number; readonly head: string; readonly body: string } {
  if (path === '/') return { status: 200, head: '', body: '<title>home</title>' }
  if (path === '/p7') return { status: 200, head: '', body: 'SECRET=1' }
  if (/^\/p2\d$/.test(path)) return { status: 403, head: '', body: `no ${path}` }
  if (path === '/p33') return { status: 301, head: 'Location: /elsewhere\r\n', body: '' }
  return { status: 404, head: '', body: `nothing at ${path}` }
}
const EXPECTED = PATHS.map(({ path }) => [path, honest(path).status, honest(path).body])

const answerOf = (path: string, last: boolean): string => {
  const { status, head, body } = honest(path)
  return `HTTP/1.1 ${status} Word\r\n${head}${last ? 'Connection: close\r\n' : ''}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

interface Served {
  readonly target: Target
  readonly paths: readonly string[]
  readonly connections: () => number
}

/** A server that is honest to whoever waits for each answer; `piped` speaks to the connection after the first. */
async function serving(piped: (path: string, index: number, last: boolean, socket: Socket) => void, more: object = {}): Promise<Served> {
  const { chain, key } = await issueCertificate({ names: ['example.com'] })
  const paths: string[] = []
  let connections = 0
  const sockets = new Set<TLSSocket>()
  const server = createServer({ key, cert: chain, ALPNProtocols: ['http/1.1'] }, (socket) => {
    connections += 1
    const inLine = connections === 2
    sockets.add(socket)
    socket.on('error', () => {})
    let text = ''
    let index = 0
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end)
        text = text.slice(end + 4)
        const path = head.split(' ')[1] ?? ''
        const last = /\r\nconnection: close/i.test(head)
        paths.push(path)
        if (inLine) piped(path, index++, last, socket)
        else {
          socket.write(answerOf(path, last))
          if (last) socket.end()
        }
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { target: targetOf((server.address() as AddressInfo).port, more), paths, connections: () => connections }
}

async function swept(target: Target, paths: readonly SweepPath[] = PATHS): Promise<readonly (readonly [string, number, string])[]> {
  const [seen] = await look(target, sweepPaths('example.com', 'test', paths))
  return valueOf(seen).answers.map(({ path, seen: one }) => {
    const answer = valueOf(one)
    expect(answer.url).toBe(`https://example.com${path}`)
    return [path, answer.status, Buffer.from(answer.body).toString()]
  })
}

const plainly = (path: string, _index: number, last: boolean, socket: Socket): void => {
  socket.write(answerOf(path, last))
  if (last) socket.end()
}

describe('a sweep where nobody set a pace', () => {
  test('goes over one further connection; one of each kind and every find are asked for again', async () => {
    const { target, paths, connections } = await serving(plainly)
    expect(await swept(target)).toEqual(EXPECTED)
    expect(connections()).toBe(2)
    const again = PATHS.map(({ path }) => path).filter((path) => paths.filter((one) => one === path).length > 1)
    expect(again).toEqual(['/p7', '/p29', '/p33', '/p39'])
  })

  test('is asked one by one where the owner set a pace', async () => {
    const { target, connections } = await serving(plainly, { limits: { requestsPerSecond: 5_000 } })
    expect(await swept(target)).toEqual(EXPECTED)
    expect(connections()).toBe(1)
  })

  test('takes what a server that ends every connection after some answers gave by its own word', async () => {
    const { target, connections } = await serving((path, index, _last, socket) => {
      if (index > 24) return
      socket.write(answerOf(path, index === 24))
      if (index === 24) socket.end()
    })
    expect(await swept(target)).toEqual(EXPECTED)
    expect(connections()).toBe(2)
  })

  const held: string[] = []
  test.each<[string, (path: string, index: number, last: boolean, socket: Socket) => void]>([
    [
      'answers in another order',
      (path, index, last, socket) => {
        if (index === 6) held.push(answerOf(path, last))
        else {
          socket.write(answerOf(path, last))
          if (index === 7) socket.write(held.pop() ?? '')
        }
        if (last) socket.end()
      },
    ],
    [
      'answers one request twice',
      (path, index, last, socket) => {
        socket.write(answerOf(path, last))
        if (index === 3) socket.write(answerOf(path, last))
        if (last) socket.end()
      },
    ],
    [
      'leaves one request out',
      (path, index, last, socket) => {
        if (index !== 3) socket.write(answerOf(path, last))
        if (last) socket.end()
      },
    ],
    [
      'leaves one out and gives one too many',
      (path, index, last, socket) => {
        if (index !== 3) socket.write(answerOf(path, last))
        if (index === 12) socket.write(answerOf('/none', false))
        if (last) socket.end()
      },
    ],
    [
      'ends the stream in the middle',
      (path, index, last, socket) => {
        if (index < 9) socket.write(answerOf(path, last))
        else socket.end()
      },
    ],
    [
      'drops the connection',
      (path, index, last, socket) => {
        if (index < 9) socket.write(answerOf(path, last))
        else socket.destroy()
      },
    ],
    [
      'ends it within an answer',
      (path, index, last, socket) => {
        if (index < 9) socket.write(answerOf(path, last))
        else socket.end(answerOf(path, last).slice(0, -3))
      },
    ],
    [
      'says a length too short',
      (path, index, last, socket) => {
        socket.write(index === 9 ? answerOf(path, last).replace(/Length: \d+/, 'Length: 2') : answerOf(path, last))
        if (last) socket.end()
      },
    ],
    [
      'says a length too long',
      (path, index, last, socket) => {
        socket.write(index === 9 ? answerOf(path, last).replace(/Length: \d+/, 'Length: 40') : answerOf(path, last))
        if (last) socket.end()
      },
    ],
    [
      'says a length that swallows the next answer whole',
      (path, index, last, socket) => {
        const swallowed = answerOf('/p10', false).length + honest(path).body.length
        socket.write(index === 9 ? answerOf(path, last).replace(/Length: \d+/, `Length: ${swallowed}`) : answerOf(path, last))
        if (last) socket.end()
      },
    ],
    [
      'sends interim answers',
      (path, _index, last, socket) => {
        socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answerOf(path, last)}`)
        if (last) socket.end()
      },
    ],
    [
      'speaks HTTP/1.0',
      (path, _index, last, socket) => {
        socket.write(answerOf(path, last).replace('HTTP/1.1', 'HTTP/1.0'))
        if (last) socket.end()
      },
    ],
    ['never ends the connection', (path, _index, _last, socket) => void socket.write(answerOf(path, false))],
    ['says that it will end the connection and does not', (path, _index, last, socket) => void socket.write(answerOf(path, last))],
    ['says nothing', () => {}],
    [
      'takes several at a time for an attack',
      (_path, index, last, socket) => {
        socket.write(`HTTP/1.1 ${index === 0 ? 404 : 400} Word\r\n${last ? 'Connection: close\r\n' : ''}Content-Length: 0\r\n\r\n`)
        if (last) socket.end()
      },
    ],
    [
      'forbids everything that comes several at a time',
      (_path, _index, last, socket) => {
        socket.write(`HTTP/1.1 403 Word\r\n${last ? 'Connection: close\r\n' : ''}Content-Length: 0\r\n\r\n`)
        if (last) socket.end()
      },
    ],
    [
      'says its home page to everything that comes several at a time',
      (_path, _index, last, socket) => {
        socket.write(answerOf('/', last))
        if (last) socket.end()
      },
    ],
    [
      'asks for less',
      (path, index, last, socket) => {
        socket.write(index > 20 ? `HTTP/1.1 429 Word\r\n${last ? 'Connection: close\r\n' : ''}Content-Length: 0\r\n\r\n` : answerOf(path, last))
        if (last) socket.end()
      },
    ],
  ])('never mistakes one answer for another: the server %s', async (_what, piped) => {
    held.length = 0
    const { target } = await serving(piped)
    expect(await swept(target)).toEqual(EXPECTED)
  })

  test('a host that says the same to everything is asked for few of them again', async () => {
    const { chain, key } = await issueCertificate({ names: ['example.com'] })
    let asked = 0
    const server = createHttps({ key, cert: chain, ALPNProtocols: ['http/1.1'] }, (request, response) => {
      asked += 1
      response.end(request.url === '/p7' ? 'SECRET=1' : `<title>home</title>${'x'.repeat(5_000)}`)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    const [seen] = await look(
      targetOf((server.address() as AddressInfo).port),
      sweepPaths(
        'example.com',
        'test',
        PATHS.map((one) => ({ ...one, maxBodyBytes: 1_000 })),
      ),
    )
    for (const { path, seen: one, sibling } of valueOf(seen).answers) {
      const answer = valueOf(one)
      expect([answer.status, answer.truncated, answer.body.length]).toEqual(path === '/p7' ? [200, false, 8] : [200, true, 1_000])
      expect(valueOf(sibling).body.length).toBe(1_000)
    }
    expect(asked).toBeLessThan(50)
  })

  test.each<[string, (path: string) => readonly [status: number, body: string], number]>([
    ['says the same to everything: what stands beside each is asked in the same breath', () => [200, '<title>home</title>'], 40],
    [
      'says the same to everything but what nobody has: that is not believed without a second look',
      (path) => (path.includes('postproof') ? [404, 'no'] : [200, 'yes']),
      100,
    ],
    ['says something else each time: nothing of it is believed', (path) => [200, path], 100],
  ])('a host that %s', async (_what, say, most) => {
    const { chain, key } = await issueCertificate({ names: ['example.com'] })
    const asked = new Map<Socket, string[]>()
    const server = createHttps({ key, cert: chain, ALPNProtocols: ['http/1.1'] }, (request, response) => {
      const { url = '' } = request
      const own = asked.get(request.socket) ?? []
      asked.set(request.socket, [...own, url])
      const [status, body] = say(url)
      response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    closers.push(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })
    const paths = Array.from({ length: 30 }, (_, index) => ({ path: `/folder${index}/file.txt` }))
    const [seen] = await look(targetOf((server.address() as AddressInfo).port), sweepPaths('example.com', 'test', paths))
    const { answers } = valueOf(seen)
    expect(answers).toHaveLength(30)
    for (const { path, seen: one, sibling } of answers) {
      const beside = new URL(valueOf(sibling).url).pathname
      expect([path, beside]).toEqual([path, path.replace('file', 'postproof-3f9c0d1e')])
      expect([valueOf(one).status, Buffer.from(valueOf(one).body).toString()]).toEqual(say(path))
      expect([valueOf(sibling).status, Buffer.from(valueOf(sibling).body).toString()]).toEqual(say(beside))
    }
    const ordinary = [...asked.values()].reduce((sum, own) => sum + (own.includes('/') ? own.length : 0), 0)
    expect(ordinary).toBeLessThanOrEqual(most)
    expect([...asked.values()].flat().length).toBeLessThanOrEqual(most + 60)
    if (most === 40) expect(ordinary).toBeLessThan(4)
  })
})

describe.each(['nginx', 'caddy'] as const)('against a real %s', (kind) => {
  test('several at a time and one by one see the same', { timeout: 60_000 }, async ({ skip }) => {
    if (!installed(programs[kind])) skip(`${programs[kind]} is not installed`)
    const world = await startWorld(worldFor(kind), starters[kind])
    closers.push(() => world.stop())
    const slow: Target = { ...world.target, file: { ...world.target.file, limits: { ...world.target.file.limits, requestsPerSecond: 100_000 } } }
    const paths = [...PATHS, ...['/', '/robots.txt', '/.env', '/.git/HEAD', '/assets/', '/index.html', '/favicon.ico'].map((path) => ({ path }))]
    for (const { fqdn } of world.target.hosts) {
      const facts = async (target: Target): Promise<unknown> => {
        const [seen] = await look(target, sweepPaths(fqdn, 'test', paths))
        return valueOf(seen).answers.map(({ path, seen: one, sibling }) => [
          path,
          ...[one, sibling].map(
            (each) =>
              each?.ok === true && [
                each.value.status,
                Buffer.from(each.value.body)
                  .toString()
                  .replaceAll(/nonce="[^"]+"/g, ''),
              ],
          ),
        ])
      }
      expect(await facts(world.target)).toEqual(await facts(slow))
    }
  })
})

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { installed, startServer } from '../../fixtures/real/process.ts'
import { freePort } from '../../fixtures/servers/tcp.ts'
import { KeyCount } from './rdb.ts'

const run = promisify(execFile)
const counted = (bytes: Buffer, size = bytes.length): KeyCount['keys'] => {
  const count = new KeyCount()
  // What is lent is written over, as a reader of files does.
  const lent = Buffer.alloc(Math.max(1, size))
  for (let at = 0; at < bytes.length; at += size) {
    const taken = bytes.copy(lent, 0, at, at + size)
    count.push(lent.subarray(0, taken))
  }
  return count.keys
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)]
const MOMENT = [1, 2, 3, 4, 5, 6, 7, 8]
const snapshot = (...parts: readonly (readonly number[])[]): Buffer => Buffer.from([...Buffer.from('REDIS0012'), ...parts.flat(), 0xff, ...MOMENT])
const KEY = text('k')

test.for<[what: string, parts: readonly (readonly number[])[], keys: { readonly total: number; readonly expiring: number } | undefined]>([
  ['nothing', [], { total: 0, expiring: 0 }],
  [
    'words about the file, a database, sizes',
    [
      [0xfa, ...text('redis-ver'), ...text('7.0.15')],
      [0xfe, 3],
      [0xfb, 1, 0],
      [0, ...KEY, ...text('v')],
    ],
    { total: 1, expiring: 0 },
  ],
  [
    'numbers as strings',
    [
      [0, ...KEY, 0xc0, 7],
      [0, ...KEY, 0xc1, 7, 7],
      [0, ...KEY, 0xc2, 7, 7, 7, 7],
    ],
    { total: 3, expiring: 0 },
  ],
  ['a compressed string', [[0, ...KEY, 0xc3, 3, 0x40, 100, 1, 2, 3]], { total: 1, expiring: 0 }],
  [
    'lengths of 14, 32 and 64 bits',
    [
      [0, ...KEY, 0x40, 2, 1, 1],
      [0, ...KEY, 0x80, 0, 0, 0, 1, 9],
      [0, ...KEY, 0x81, 0, 0, 0, 0, 0, 0, 0, 1, 9],
    ],
    { total: 3, expiring: 0 },
  ],
  [
    'keys that end, in seconds and milliseconds',
    [
      [0xfd, 1, 2, 3, 4, 0, ...KEY, ...KEY],
      [0xfc, ...MOMENT, 0, ...KEY, ...KEY],
      [0, ...KEY, ...KEY],
    ],
    { total: 3, expiring: 2 },
  ],
  ['how often and how lately they were used', [[0xf9, 1, 0xf8, 2, 0, ...KEY, ...KEY]], { total: 1, expiring: 0 }],
  [
    'an old list, set, hash and sorted set',
    [
      [1, ...KEY, 1, ...KEY],
      [2, ...KEY, 1, ...KEY],
      [4, ...KEY, 1, ...KEY, ...KEY],
      [3, ...KEY, 2, ...KEY, 1, 0x37, ...KEY, 253],
    ],
    { total: 4, expiring: 0 },
  ],
  [
    'a sorted set, a list of pieces',
    [
      [5, ...KEY, 1, ...KEY, ...MOMENT],
      [18, ...KEY, 1, 2, ...text('piece')],
    ],
    { total: 2, expiring: 0 },
  ],
  [
    'a hash whose fields end',
    [
      [24, ...KEY, ...MOMENT, 1, 0, ...KEY, ...KEY],
      [25, ...KEY, ...MOMENT, ...text('piece')],
    ],
    { total: 2, expiring: 0 },
  ],
  [
    'of a module',
    [
      [7, ...KEY, 1, 1, 5, 2, 6, 3, 1, 2, 3, 4, 4, ...MOMENT, 5, ...text('x'), 0],
      [0xf7, 1, 2, 5, 0],
    ],
    { total: 1, expiring: 0 },
  ],
  [
    'functions, sizes of a slot',
    [
      [0xf5, ...text('#!lua')],
      [0xf4, 1, 2, 3],
    ],
    { total: 0, expiring: 0 },
  ],
  [
    'a kind of a later server',
    [
      [0, ...KEY, ...KEY],
      [99, ...KEY, 1],
    ],
    undefined,
  ],
  ['a word that no server knows', [[0xf0]], undefined],
])('%s', ([, parts, keys]) => {
  const bytes = snapshot(...parts)
  expect(counted(bytes)).toEqual(keys)
  expect(counted(bytes, 1)).toEqual(keys)
  // Cut, it is not known.
  if (keys !== undefined) expect(counted(bytes.subarray(0, -9))).toBeUndefined()
})

test('rubbish never throws', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void counted(snapshot([...bytes]))))
})

test('what a real Redis writes, of every kind', { skip: !installed('redis-server') && process.env.CI === undefined }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'postproof-rdb-'))
  const port = await freePort()
  const server = await startServer('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''], [port])
  try {
    const cli = async (...words: readonly string[]): Promise<string> => (await run('redis-cli', ['-p', String(port), ...words])).stdout
    const long = 'abc'.repeat(400)
    const many = Array.from({ length: 300 }, (_, index) => String(index))
    const large = Array.from({ length: 200 }, (_, index) => `${index} ${long}`)
    for (const words of [
      ['SET', 'string', 'value'],
      ['SET', 'number', '12345'],
      ['SET', 'long', long],
      ['SET', 'ends', 'value', 'EX', '10000'],
      ['RPUSH', 'list', ...many],
      ['RPUSH', 'list of large ones', ...large],
      ['SADD', 'set of numbers', ...many],
      ['SADD', 'set', 'a', 'b'],
      ['SADD', 'large set', ...large],
      ['ZADD', 'sorted', '1.5', 'a', '-inf', 'b'],
      ['ZADD', 'large sorted', ...many.flatMap((score) => [score, `${score} ${long}`])],
      ['HSET', 'hash', 'a', '1'],
      ['HSET', 'large hash', ...large, ...large],
      ['PFADD', 'counter', ...many],
      ['XADD', 'stream', '*', 'a', '1'],
      ['XGROUP', 'CREATE', 'stream', 'group', '0'],
      ['XREADGROUP', 'GROUP', 'group', 'reader', 'STREAMS', 'stream', '>'],
      ['XADD', 'stream', '*', 'a', '2'],
      ['FUNCTION', 'LOAD', "#!lua name=own\nredis.register_function('f', function() return 1 end)"],
      ['-n', '3', 'SET', 'elsewhere', 'value'],
      ['-n', '3', 'PSETEX', 'ends too', '10000000', 'value'],
    ])
      await cli(...words)
    await cli('SAVE')
    const bytes = await readFile(join(folder, 'dump.rdb'))
    const keys = [...(await cli('INFO', 'keyspace')).matchAll(/keys=(\d+),expires=(\d+)/g)]
    const sum = (place: number): number => keys.reduce((all, match) => all + Number(match[place]), 0)
    expect(counted(bytes)).toEqual({ total: sum(1), expiring: sum(2) })
    expect(sum(1)).toBe(17)
    expect(counted(bytes, 7)).toEqual(counted(bytes))
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

/** What is copied into a container is read back by GNU tar: names, modes, bytes; large files without their holding in memory. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tarStream } from './copy.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-copy-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const never = new AbortController().signal
const put = (name: string, text: string | Buffer): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const all = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

test('files and folders, as whoever runs in the container may read them', async () => {
  const dump = put('shop dump.sql', 'x'.repeat(513))
  chmodSync(dump, 0o600)
  mkdirSync(join(folder, 'log'))
  for (const name of ['a.aof', 'b.aof']) put(`log/${name}`, name)
  symlinkSync('/etc/hostname', join(folder, 'log', 'leads-out'))
  mkdirSync(join(folder, 'sqlite'))
  put('sqlite/restored.db', Buffer.alloc(512, 7))
  const bytes = await all(
    tarStream(
      [
        { source: dump, target: '/artifact/0/shop dump.sql' },
        { source: join(folder, 'log'), target: '/artifact/1/log' },
        { source: join(folder, 'sqlite'), target: '/restored/app', writable: true },
      ],
      never,
    ),
  )
  expect(bytes.length % 512).toBe(0)
  const out = join(folder, 'out')
  mkdirSync(out)
  execFileSync('tar', ['-xpf', '-', '-C', out, '--no-same-owner'], { input: bytes })
  const mode = (name: string): string => (statSync(join(out, name)).mode & 0o777).toString(8)
  expect(readFileSync(join(out, 'artifact/0/shop dump.sql'), 'utf8')).toBe('x'.repeat(513))
  expect(readFileSync(join(out, 'artifact/1/log/b.aof'), 'utf8')).toBe('b.aof')
  expect(readFileSync(join(out, 'restored/app/restored.db'))).toEqual(Buffer.alloc(512, 7))
  expect(['artifact/0/shop dump.sql', 'artifact/1/log', 'artifact/1/log/a.aof', 'restored/app', 'restored/app/restored.db'].map(mode)).toEqual([
    '644',
    '755',
    '644',
    '777',
    '666',
  ])
  expect(existsSync(join(out, 'artifact/1/log/leads-out'))).toBe(false)
  const listed = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], { input: bytes, encoding: 'utf8' })
  expect(listed.split('\n').filter((line) => line !== '' && !/ 0\/0 /.test(line))).toEqual([])
})
test('what grows is copied as long as it was; what shrinks, or has too long a name, is an error', async () => {
  const path = put('growing.sql', 'a'.repeat(2_000_000))
  const grown: Buffer[] = []
  for await (const part of tarStream([{ source: path, target: '/a/growing.sql' }], never)) {
    if (grown.length === 1) appendFileSync(path, 'more')
    grown.push(part)
  }
  expect(execFileSync('tar', ['-tvf', '-'], { input: Buffer.concat(grown), encoding: 'utf8' })).toContain(' 2000000 ')
  const shrinking = (async () => {
    let parts = 0
    for await (const _part of tarStream([{ source: path, target: '/a/growing.sql' }], never)) if ((parts += 1) === 2) truncateSync(path, 10)
  })()
  await expect(shrinking).rejects.toThrow('became shorter')
  await expect(all(tarStream([{ source: path, target: `/a/${'x'.repeat(100)}` }], never))).rejects.toThrow('too long')
  await expect(all(tarStream([{ source: join(folder, 'absent'), target: '/a/b' }], never))).rejects.toMatchObject({ code: 'ENOENT' })
})
test('ten gigabytes: their size in the header, little of them in memory, and an end at once where it is called off', async () => {
  const path = put('large.sql', '')
  const size = 10 * 1024 ** 3
  truncateSync(path, size)
  const stop = new AbortController()
  let [seen, highest] = [0, 0]
  let header: Buffer = Buffer.alloc(0)
  const before = process.memoryUsage().rss
  const reading = (async () => {
    for await (const part of tarStream([{ source: path, target: '/artifact/0/large.sql' }], stop.signal)) {
      if (part.toString('latin1', 0, 20).startsWith('artifact/0/large.sql')) header = part
      seen += part.length
      highest = Math.max(highest, process.memoryUsage().rss)
      if (seen > 150 * 1024 ** 2) stop.abort(new Error('called off'))
    }
  })()
  await expect(reading).rejects.toThrow()
  expect(header[124]).toBe(0x80)
  expect(header.readBigUInt64BE(128)).toBe(BigInt(size))
  expect(seen).toBeLessThan(170 * 1024 ** 2)
  expect(highest - before).toBeLessThan(100 * 1024 ** 2)
})

/** A file in pieces, and its SHA-256: by this thread, and by one of its own. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { fileSource } from './file.ts'

const folder = mkdtempSync(join(tmpdir(), 'postproof-file-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const MIB = 1024 * 1024
const sha256 = (...parts: readonly Buffer[]): string => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
const signal = (): AbortSignal => AbortSignal.timeout(20_000)

test.for([0, 1, MIB - 1, MIB, MIB + 1, 6 * MIB, 13 * MIB + 7])('a file of %i bytes', async (bytes) => {
  const path = join(folder, 'some')
  const content = Buffer.alloc(bytes, 'some text of a backup, again and again; ')
  writeFileSync(path, content)
  const source = await fileSource(path, bytes, signal())
  const kept: Buffer[] = []
  for await (const chunk of source.chunks()) kept.push(chunk)
  // What is not lent may be kept.
  expect(Buffer.concat(kept).equals(content)).toBe(true)
  expect([source.read, await source.sha256()]).toEqual([bytes, sha256(content)])
  await source.close()
})

// A large file as announced, a short one as it is: the thread does not need to have much to do.
test.for([true, false])('the digest of a large file is taken beside the reading; its pieces are lent: %s', async (lent) => {
  const path = join(folder, 'large')
  writeFileSync(path, Buffer.alloc(13 * MIB + 7, 'some text of a backup, again and again; '))
  const source = await fileSource(path, 100 * MIB, signal())
  if (lent) source.lend()
  const hash = createHash('sha256')
  for await (const chunk of source.chunks()) hash.update(chunk)
  expect([source.read, await source.sha256()]).toEqual([13 * MIB + 7, hash.digest('hex')])
  await source.close()
})

test.for([5, 100])('whoever leaves early has the digest of what was given out; announced: %i MiB', async (announced) => {
  const path = join(folder, 'early')
  writeFileSync(path, Buffer.alloc(5 * MIB, 'abc'))
  const source = await fileSource(path, announced * MIB, signal())
  let first = Buffer.alloc(0)
  for await (const chunk of source.chunks()) {
    first = Buffer.from(chunk)
    break
  }
  expect(first.length).toBeGreaterThan(0)
  expect([source.read, await source.sha256()]).toEqual([first.length, sha256(first)])
  await source.close()
})

test('an abort ends it, with its own reason', async () => {
  const path = join(folder, 'aborted')
  writeFileSync(path, Buffer.alloc(3 * MIB))
  for (const announced of [3 * MIB, 100 * MIB]) {
    const stop = new AbortController()
    const source = await fileSource(path, announced, stop.signal)
    const read = async (): Promise<void> => {
      for await (const _ of source.chunks()) stop.abort(new Error('enough'))
    }
    await expect(read()).rejects.toThrow('enough')
    await source.close()
  }
})

test('what cannot be opened or read says why', async () => {
  await expect(fileSource(join(folder, 'nowhere'), 0, signal())).rejects.toMatchObject({ code: 'ENOENT' })
  const source = await fileSource(folder, 0, signal())
  await expect(source.chunks().next()).rejects.toMatchObject({ code: 'EISDIR' })
  await source.close()
})

test('the digest comes after the reading, ends with the signal, and fails where the file became shorter', async () => {
  const path = join(folder, 'shrinking')
  const all = async (source: Awaited<ReturnType<typeof fileSource>>): Promise<void> => {
    for await (const _ of source.chunks()) if (source.read === 13 * MIB) return
  }
  writeFileSync(path, Buffer.alloc(13 * MIB, 'abc'))
  const stop = new AbortController()
  const first = await fileSource(path, 100 * MIB, stop.signal)
  await all(first)
  stop.abort(new Error('enough'))
  // On a machine that is slow with this thread, the other one is done by then.
  expect(['enough', sha256(Buffer.alloc(13 * MIB, 'abc'))]).toContain(await first.sha256().catch((error: Error) => error.message))
  await first.close()
  // The thread starts later than the reading ends: what it finds is shorter by then.
  const second = await fileSource(path, 100 * MIB, signal())
  const reading = all(second)
  await reading
  truncateSync(path, MIB)
  const digest = await second.sha256().catch((error: NodeJS.ErrnoException) => error.code)
  expect(['EIO', sha256(Buffer.alloc(13 * MIB, 'abc'))]).toContain(digest)
  await second.close()
})

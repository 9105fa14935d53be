/** What runs in a place of the drill's own gets nothing of whoever drills, leaves nothing, and survives nobody. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Lease, sweep } from './lease.ts'
import { freePort, openWorkshop } from './workshop.ts'

const source = mkdtempSync(join(tmpdir(), 'postproof-workshop-'))
afterAll(() => rmSync(source, { recursive: true, force: true }))
mkdirSync(join(source, 'data'))
writeFileSync(join(source, 'data', 'app.json'), '{}')
symlinkSync('data/app.json', join(source, 'inside'))
symlinkSync('/etc/hostname', join(source, 'absolute'))
symlinkSync('../../etc/hostname', join(source, 'above'))

const open = async (lease: Lease): ReturnType<typeof openWorkshop> =>
  await openWorkshop({ lease, from: source, env: { MODE: '{folder}' }, signal: new AbortController().signal, deadlineSeconds: 60 })
const alive = (pid: number): boolean => {
  try {
    // A process that ended and was not collected yet is not alive.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('a copy, an environment and an account of its own', async () => {
  const lease = await Lease.take()
  process.env.POSTPROOF_LEAK = 'of whoever drills'
  try {
    const { place, leftOut } = await open(lease)
    expect([...leftOut].sort()).toEqual(['above', 'absolute'])
    expect(readFileSync(join(place.folder, 'inside'), 'utf8')).toBe('{}')
    const { output } = await place.run(['env'], 5_000)
    expect(output).toContain(`HOME=${place.folder}`)
    expect(output).toContain(`MODE=${place.folder}`)
    expect(output).toContain(`PORT=${place.port}`)
    expect(output).not.toContain('POSTPROOF_LEAK')
    if (process.getuid?.() === 0) expect((await place.run(['id', '-u'], 5_000)).output.trim()).not.toBe('0')
    await place.run(['rm', '-r', 'data'], 5_000)
    expect(existsSync(join(source, 'data', 'app.json'))).toBe(true)
  } finally {
    delete process.env.POSTPROOF_LEAK
    expect(await lease.end()).toEqual([])
  }
})

test('what acts on the whole machine is refused, also from within a script', async () => {
  const lease = await Lease.take()
  try {
    const { place } = await open(lease)
    for (const program of ['docker', 'systemctl', 'ssh', 'sudo', 'kubectl']) expect(await place.run([program, 'x'], 5_000)).toMatchObject({ exit: 126 })
    expect(await place.run(['sh', '-c', 'docker compose down || exit 7'], 5_000)).toMatchObject({ exit: 7 })
    expect(await place.run(['./nowhere.sh'], 5_000)).toMatchObject({ exit: undefined, received: expect.stringContaining('ENOENT') as string })
  } finally {
    await lease.end()
  }
})

test('a program that takes too long ends with everything it started', async () => {
  const lease = await Lease.take()
  try {
    const { place } = await open(lease)
    const ran = await place.run(['sh', '-c', 'sleep 60 & echo $!; wait'], 150)
    expect(ran).toMatchObject({ exit: undefined, received: 'ended after 0.1 s' })
    await wait(30)
    expect(alive(Number(ran.output))).toBe(false)
  } finally {
    await lease.end()
  }
})

test('what left its group, its environment and its command line behind is found by where it works', async () => {
  const lease = await Lease.take()
  const { place } = await open(lease)
  const ran = await place.run(['sh', '-c', 'env -i setsid sleep 60 >/dev/null 2>&1 & p=$!; sleep 0.1; echo $p'], 5_000)
  expect(alive(Number(ran.output))).toBe(true)
  expect(await lease.end()).toEqual([])
  await wait(30)
  expect(alive(Number(ran.output))).toBe(false)
})

test('after the drill was killed, the next one removes its programs and its copy', async () => {
  const script = `
    import { Lease } from ${JSON.stringify(join(import.meta.dirname, 'lease.ts'))}
    import { freePort, openWorkshop } from ${JSON.stringify(join(import.meta.dirname, 'workshop.ts'))}
    const lease = await Lease.take()
    const { place } = await openWorkshop({ lease, from: ${JSON.stringify(source)}, env: {}, signal: new AbortController().signal, deadlineSeconds: 60 })
    await place.run(['sleep', '300'], 1000, true)
    const { output } = await place.run(['sh', '-c', 'setsid sleep 301 >/dev/null 2>&1 & p=$!; sleep 0.1; echo $p'], 5000)
    console.log(JSON.stringify({ folder: place.folder, pid: Number(output) }))
    setInterval(() => {}, 1000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const told = await new Promise<string>((done) => child.stdout.once('data', (chunk: Buffer) => done(chunk.toString())))
  const { folder, pid } = JSON.parse(told) as { readonly folder: string; readonly pid: number }
  const before = alive(pid)
  const gone = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await gone
  expect(before).toBe(true)
  expect((await sweep()).join()).toContain(dirname(folder).split('/').at(-1))
  await wait(30)
  expect(alive(pid)).toBe(false)
  expect(existsSync(folder)).toBe(false)
})

test('ports are free, and below those that the system hands out by itself', async () => {
  const drawn = await Promise.all(Array.from({ length: 40 }, freePort))
  expect(Math.max(...drawn)).toBeLessThan(32_768)
  expect(new Set(drawn).size).toBeGreaterThan(30)
  for (const port of drawn)
    await new Promise<void>((done, failed) => {
      const server = createServer()
      server.once('error', failed)
      server.listen(port, '127.0.0.1', () => server.close(() => done()))
    })
})

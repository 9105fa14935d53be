/**
 * From the start of the process to its first packet, with the built package and from its sources; and what a bare `node` start costs on this
 * machine. Goal: under 0.3 s built. Build first (`npm run build`). `node bench/cold-start.ts [rounds]`
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { spawn } from 'node:child_process'
import { median, run, table } from './measure.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const rounds = Number(process.argv[2] ?? 7)
const folder = await mkdtemp(join(tmpdir(), 'postproof-cold-'))
let first: ((at: number) => void) | undefined
const server: Server = createServer((socket) => {
  first?.(performance.now())
  socket.destroy()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as { port: number }
await writeFile(
  join(folder, 'target.yaml'),
  `domain: example.com\nhosts: { "@": {}, www: {}, app: {} }\nnetwork: { addresses: { example.com: 127.0.0.1, "*.example.com": 127.0.0.1 }, ports: { http: ${port}, https: ${port} } }\n`,
)
/** Milliseconds until the first connection arrives; the process is ended then. */
async function firstPacket(entry: string): Promise<number> {
  const start = performance.now()
  const arrived = new Promise<number>((resolve) => (first = resolve))
  const child = spawn(process.execPath, [entry, 'verify', join(folder, 'target.yaml'), '--quiet', '--report', join(folder, 'report')], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const at = await arrived
  child.kill('SIGKILL')
  await ended
  return at - start
}
async function several(work: () => Promise<number>): Promise<number> {
  await work()
  const values: number[] = []
  for (let round = 0; round < rounds; round++) values.push(await work())
  return median(values)
}
try {
  const bare = await several(async () => (await run(process.execPath, ['-e', '0'])).wallMs)
  const source = await several(() => firstPacket(join(root, 'cli/main.ts')))
  const built = join(root, 'dist/cli/main.js')
  console.log(
    table([
      ['node -e 0', bare],
      ['postproof from its sources, to the first packet', source],
      ...(existsSync(built) ? [['postproof built, to the first packet', await several(() => firstPacket(built))] as const] : []),
    ]),
  )
} finally {
  server.close()
  await rm(folder, { recursive: true, force: true })
}

/**
 * 15 hosts on nginx behind 25 ms each way: `postproof verify` (built: `npm run build`), cold start included, against the shell loop that operators write (curl, curl, openssl per
 * host, one after the other). Prints ratios of one run; goal: at most half the loop's time. `node bench/distance.ts [rounds]`
 */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { startNginx } from '../fixtures/real/nginx.ts'
import { worldFor } from '../fixtures/real/servers.ts'
import { startWorld } from '../fixtures/world.ts'
import { delayProxy } from './delay-proxy.ts'
import { median, run, runTimed, table } from './measure.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const rounds = Number(process.argv[2] ?? 3)
const DELAY_MS = 25
const built = join(root, 'dist/cli/main.js')
const entry = existsSync(built) ? built : join(root, 'cli/main.ts')

const spec = worldFor('nginx')
// A relay listens on one address: hosts on others would bypass the distance.
for (const host of Object.values(spec.hosts)) host.addresses = ['127.0.0.1']
const world = await startWorld(spec, startNginx)
const folder = await mkdtemp(join(tmpdir(), 'postproof-bench-'))
const http = await delayProxy(world.ports[80] as number, DELAY_MS)
const https = await delayProxy(world.ports[443] as number, DELAY_MS)
// Only what reads: load is not part of the comparison.
const { network, allow: _allow, ...rest } = world.input
await writeFile(
  join(folder, 'target.yaml'),
  stringify({
    ...rest,
    network: {
      ...network,
      addresses: { 'example.com': '127.0.0.1', '*.example.com': '127.0.0.1' },
      ports: { ...network?.ports, http: http.port, https: https.port, 80: http.port, 443: https.port },
    },
  }),
)
const hosts = world.target.hosts.map((host) => host.fqdn)
const loop = hosts
  .map(
    (host) =>
      `curl -sI --max-time 10 --cacert ${world.trustFile} --connect-to ${host}:443:127.0.0.1:${https.port} https://${host}/ >/dev/null\n` +
      `curl -sI --max-time 10 --connect-to ${host}:80:127.0.0.1:${http.port} http://${host}/ >/dev/null\n` +
      `openssl s_client -connect 127.0.0.1:${https.port} -servername ${host} -CAfile ${world.trustFile} </dev/null >/dev/null 2>&1\n`,
  )
  .join('')
const ours: number[] = []
const cpu: number[] = []
const theirs: number[] = []
const all: number[] = []
let judged = ''
try {
  for (let round = 0; round < rounds; round++) {
    theirs.push((await run('bash', ['-c', loop])).wallMs)
    const before = https.connections() + http.connections()
    const verified = await runTimed(process.execPath, [entry, 'verify', join(folder, 'target.yaml'), '--quiet', '--report', join(folder, 'report')])
    ours.push(verified.wallMs)
    cpu.push(verified.cpuMs)
    all.push(https.connections() + http.connections() - before)
    judged = `exit ${verified.exitCode}; ${verified.stdout.trim().split('\n').at(-1) ?? ''}`
  }
} finally {
  await Promise.all([http.stop(), https.stop()])
  await world.stop()
  await rm(folder, { recursive: true, force: true })
}
console.log(
  `${hosts.length} hosts, ${DELAY_MS} ms each way, ${rounds} rounds, medians; ${(median(all) / hosts.length).toFixed(1)} connections per host; ${entry === built ? 'built' : 'from its sources'}\n${judged}`,
)
console.log(
  table([
    ['shell loop: curl, curl, openssl', median(theirs)],
    ['postproof verify', median(ours)],
    ['postproof verify, processor time', median(cpu)],
  ]),
)

/**
 * 100 and 1,000 TLS hosts on a loopback nginx: every read-only suite of `postproof verify`, against the sequential two-curl loop over the same
 * hosts. Prints ratios, cost per host and peak memory of one run. Goals: at most the loop's time, under 700 MB, cost per host at 1,000 within
 * 20 % of that at 100. `node bench/many-hosts.ts [most hosts] [suites]`
 */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { issueCertificate, trustedRoot } from '../fixtures/certificates.ts'
import { healthyWorld } from '../fixtures/healthy.ts'
import { freePort } from '../fixtures/servers/tcp.ts'
import { startServer } from '../fixtures/real/process.ts'
import { startDns } from '../fixtures/servers/dns.ts'
import { run, runTimed, table } from './measure.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const built = join(root, 'dist/cli/main.js')
const entry = existsSync(built) ? built : join(root, 'cli/main.ts')
const most = Number(process.argv[2] ?? 1000)
const suites = process.argv[3]
const folder = await mkdtemp(join(tmpdir(), 'postproof-many-'))
const names = Array.from({ length: most }, (_, index) => `h${String(index).padStart(4, '0')}`)
const [http, https] = [await freePort(), await freePort()]
await mkdir(join(folder, 'tmp'))
await writeFile(join(folder, 'ca.pem'), await trustedRoot())
for (const name of names) {
  const issued = await issueCertificate({ names: [`${name}.example.com`] })
  await writeFile(join(folder, `${name}.pem`), issued.chain)
  await writeFile(join(folder, `${name}.key`), issued.key)
}
const vhost = (name: string): string => `
server { listen 127.0.0.1:${http}; server_name ${name}.example.com; return 301 https://${name}.example.com$request_uri; }
server { listen 127.0.0.1:${https} ssl http2; server_name ${name}.example.com; ssl_certificate ${folder}/${name}.pem; ssl_certificate_key ${folder}/${name}.key;
  add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always; add_header X-Content-Type-Options nosniff always;
  add_header Content-Security-Policy "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" always; add_header Referrer-Policy no-referrer always;
  location = / { return 200 "<!doctype html><html lang=en><title>${name}</title><h1>${name}</h1></html>"; } location / { return 404; } }`
await writeFile(
  join(folder, 'nginx.conf'),
  `daemon off; worker_processes 2; pid ${folder}/pid; error_log ${folder}/error.log crit; events { worker_connections 16384; }
http { access_log off; server_tokens off; default_type text/html; charset utf-8; server_names_hash_max_size 65536; server_names_hash_bucket_size 128; ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;
client_body_temp_path ${folder}/tmp/a; proxy_temp_path ${folder}/tmp/b; fastcgi_temp_path ${folder}/tmp/c; uwsgi_temp_path ${folder}/tmp/d; scgi_temp_path ${folder}/tmp/e;
server { listen 127.0.0.1:${http} default_server; return 444; }
server { listen 127.0.0.1:${https} ssl http2 default_server; ssl_reject_handshake on; }
${names.map(vhost).join('\n')} }`,
)
const server = await startServer('nginx', ['-e', join(folder, 'error.log'), '-p', folder, '-c', join(folder, 'nginx.conf')], [http, https])
const { zone } = healthyWorld()
for (const name of names) zone.records.push({ name: `${name}.example.com`, type: 'A', data: '127.0.0.1' })
const dns = await startDns(zone)
const nameservers = Object.fromEntries(zone.nameservers.map((name) => [name, dns.servers[name] ?? '']))
async function verify(count: number): Promise<{ wallMs: number; cpuMs: number; peakMb: number; last: string }> {
  const target = join(folder, `target-${count}.yaml`)
  await writeFile(
    target,
    stringify({
      domain: 'example.com',
      checks: { 'dns/private-ip': { off: 'the bench lives on loopback' } },
      hosts: Object.fromEntries(names.slice(0, count).map((name) => [name, {}])),
      network: {
        addresses: { '*.example.com': '127.0.0.1' },
        ports: { http, https },
        trust: ['ca.pem'],
        resolver: dns.servers[zone.resolver] ?? '',
        nameservers,
      },
    }),
  )
  const args = [entry, 'verify', target, '--quiet', '--report', join(folder, `report-${count}`), ...(suites === undefined ? [] : ['--suite', suites])]
  const done = await runTimed(process.execPath, args, { timeoutMs: 590_000 })
  const report = JSON.parse(await readFile(join(folder, `report-${count}`, 'report.json'), 'utf8')) as {
    readonly results: readonly { readonly check: string; readonly outcome: string; readonly reason?: string }[]
  }
  // What is neither green nor left out, by check: a bench of something broken would measure nothing.
  const odd = new Map<string, number>()
  for (const { check, outcome, reason } of report.results)
    if (outcome !== 'pass' && outcome !== 'skip') {
      const line = `  ${outcome} ${check}${reason === undefined ? '' : `: ${reason.slice(0, 100)}`}`
      odd.set(line, (odd.get(line) ?? 0) + 1)
    }
  return {
    wallMs: done.wallMs,
    cpuMs: done.cpuMs,
    peakMb: done.peakMb,
    last: [
      `exit ${done.exitCode}: ${done.stdout.trim()} ${done.stderr.trim().slice(0, 300)}`,
      ...[...odd]
        .sort(([, a], [, b]) => b - a)
        .slice(0, 12)
        .map(([line, times]) => `${line} (${times})`),
    ].join('\n'),
  }
}
try {
  const few = await verify(Math.min(100, most))
  const many = await verify(most)
  // As a file: a thousand lines are too long for a command line.
  const script = join(folder, 'loop.sh')
  await writeFile(
    script,
    names
      .map(
        (name) =>
          `curl -sI --cacert ${folder}/ca.pem --connect-to ${name}.example.com:443:127.0.0.1:${https} https://${name}.example.com/ >/dev/null; curl -sI --connect-to ${name}.example.com:80:127.0.0.1:${http} http://${name}.example.com/ >/dev/null`,
      )
      .join('\n'),
  )
  const loop = await run('bash', [script], { timeoutMs: 300_000 })
  console.log(`${few.last}\n${many.last}`)
  console.log(
    table([
      [`two curls a host, ${most} hosts, one after the other`, loop.wallMs],
      [`postproof verify, ${most} hosts`, many.wallMs],
      ['the same, processor time', many.cpuMs],
    ]),
  )
  const least = Math.min(100, most)
  const each = (what: string, unit: (one: typeof few) => number): string =>
    `${what} per host: ${(unit(few) / least).toFixed(2)} ms at ${least}, ${(unit(many) / most).toFixed(2)} ms at ${most} (${((unit(many) / most / (unit(few) / least)) * 100).toFixed(0)} %)`
  console.log(each('time', (one) => one.wallMs))
  console.log(each('processor time', (one) => one.cpuMs))
  console.log(`peak memory ${few.peakMb.toFixed(0)} MB and ${many.peakMb.toFixed(0)} MB`)
} finally {
  await Promise.all([server.stop(), dns.stop()])
  await rm(folder, { recursive: true, force: true })
}

/**
 * PostgreSQL in a container of the image that runs live: no network, no capabilities but reading the artifact, limits, a label by which it is found
 * again, and an end of its own should nobody stop it. psql and pg_restore run inside, so that what a dump starts stays there.
 */
import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { LABEL, type Lease } from '../lease.ts'
import { execute, SUPERUSER } from './native.ts'
import { EngineError, type PostgresPlace, type Ran, reachOf, type RunOptions } from './place.ts'

/** Finds the programs wherever the image keeps them, makes a cluster and runs it; `timeout` ends it should the drill have died. */
const START = `
set -e
for d in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/pgsql-*/bin; do if [ -x "$d/initdb" ]; then PATH="$d:$PATH"; fi; done
export PATH LC_ALL=C.UTF-8 TZ=UTC
mkdir -m 755 /tmp/drill
initdb -D /tmp/drill/data -U ${SUPERUSER} -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
exec timeout -s INT "$DRILL_SECONDS" postgres -D /tmp/drill/data -k /tmp/drill -c listen_addresses= -c max_wal_size=4GB -c maintenance_work_mem=256MB
`
const ENVIRONMENT = `for d in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/pgsql-*/bin; do if [ -x "$d/initdb" ]; then PATH="$d:$PATH"; fi; done; export PATH PGHOST=/tmp/drill PGUSER=${SUPERUSER} PGDATABASE=postgres LC_ALL=C.UTF-8 TZ=UTC PGTZ=UTC; `

const firstLine = (text: string): string => (text.trim().split('\n')[0] ?? '').replace(/^docker: /, '').slice(0, 200)
/** A field of the comma-separated words of --mount. */
const csv = (text: string): string => text.replaceAll('"', '""')

export async function startDocker(
  lease: Lease,
  options: {
    readonly image: string
    readonly memory: string
    readonly cpus?: number
    readonly files: readonly string[]
    readonly label: string
    readonly restoreVersion?: string
    readonly deadlineSeconds: number
    readonly signal: AbortSignal
  },
): Promise<PostgresPlace> {
  if (/^(?:tcp|ssh|https?):/.test(process.env.DOCKER_HOST ?? ''))
    throw new EngineError('missing', 'the Docker of DOCKER_HOST is another machine, which does not see the artifact: drill there, or where Docker is local')
  const docker = async (args: readonly string[], more: RunOptions = {}): Promise<Ran> => await execute(['docker', ...args], { ...more, signal: options.signal })
  const asked = await docker(['version', '--format', '{{.Server.Version}}'])
  if (asked.exit !== 0) throw new EngineError('missing', `Docker does not answer: ${firstLine(asked.stderr)}`)
  const present = await docker(['image', 'inspect', '--format', '{{.Id}}', options.image])
  if (present.exit !== 0) throw new EngineError('missing', `the image ${options.image} is not on this machine: pull it first (docker pull)`)
  await lease.containers(process.env.DOCKER_HOST)
  const place = new Map(options.files.map((path, index) => [path, `/artifact/${index}/${basename(path)}`]))
  const started = await docker([
    'run',
    '--detach',
    '--pull=never',
    '--network=none',
    '--user=postgres',
    '--cap-drop=ALL',
    '--cap-add=DAC_READ_SEARCH',
    '--security-opt=no-new-privileges',
    '--pids-limit=512',
    `--label=${LABEL}=${lease.runId}`,
    `--memory=${options.memory}`,
    ...(options.cpus === undefined ? [] : [`--cpus=${options.cpus}`]),
    `--env=DRILL_SECONDS=${Math.ceil(options.deadlineSeconds)}`,
    ...[...place].map(([source, target]) => `--mount=type=bind,"source=${csv(source)}","target=${csv(target)}",readonly`),
    '--entrypoint=sh',
    options.image,
    '-c',
    START,
  ])
  if (started.exit !== 0) throw new EngineError('died', `the container of ${options.image} did not start: ${firstLine(started.stderr)}`)
  const id = started.stdout.trim().slice(0, 12)
  lease.made.push(`container ${id} of ${options.image}`)
  const exec = async (script: string, args: readonly string[], more: RunOptions = {}): Promise<Ran> => {
    options.signal.throwIfAborted()
    const { file: _file, trusted, ...rest } = more
    const user = trusted === true ? 'root' : 'postgres'
    const ran = await docker(
      ['exec', ...(rest.input === undefined ? [] : ['--interactive']), `--user=${user}`, id, 'sh', '-c', `${ENVIRONMENT}${script}`, 'sh', ...args],
      rest,
    )
    if (ran.exit !== 0 && /^(?:Error response from daemon|Cannot connect to the Docker daemon|error during connect|OCI runtime)/m.test(ran.stderr))
      throw new EngineError('died', `the container ended in the middle: ${firstLine(ran.stderr)}`)
    return ran
  }
  for (const until = performance.now() + 120_000; ; ) {
    // Readiness is an answered query, not a listening socket.
    if ((await exec('psql -X -A -t -q -c "select 1"', [])).stdout.trim() === '1') break
    const state = await docker(['inspect', '--format', '{{.State.Running}} {{.State.OOMKilled}}', id])
    if (!state.stdout.startsWith('true')) {
      const said = await docker(['logs', '--tail', '5', id])
      throw new EngineError('died', `PostgreSQL did not start in the container: ${firstLine(said.stderr) || firstLine(said.stdout) || 'it ended at once'}`)
    }
    if (performance.now() > until) throw new EngineError('died', 'PostgreSQL did not start within two minutes')
    await wait(100)
  }
  const version = /^[\d.]+/.exec((await exec('psql -X -A -t -q -c "show server_version"', [])).stdout.trim())?.[0] ?? '0'
  const wanted = options.restoreVersion
  const same = wanted !== undefined && Number.parseInt(wanted, 10) === Number.parseInt(version, 10)
  return {
    name: 'docker',
    image: options.image,
    version,
    reached: `exec into the container ${id} of the drill`,
    sealed: true,
    basis:
      wanted === undefined || same
        ? { kind: 'measured', why: `PostgreSQL ${version} of the image ${options.image} with durable settings` }
        : { kind: 'optimistic', why: `PostgreSQL ${version} of the image is not the ${Number.parseInt(wanted, 10)} that runs live` },
    sh: async (script, args = [], more = {}) => {
      if (more.file !== undefined) {
        // What reads the artifact has the one capability to do so; nothing else in the container has any.
        const inside = place.get(more.file) ?? more.file
        return await exec(`exec 9>&2; f="$1"; shift; { ${script} ; } < "$f" 2>&9`, [inside, ...args], { trusted: true })
      }
      return await exec(script, args, more)
    },
    inside: (path) => place.get(path) ?? path,
    reach: async () => {
      const [devices, routes] = [await exec('cat /proc/net/dev', []), await exec('cat /proc/net/route 2>/dev/null', [])]
      return reachOf(devices.stdout, routes.stdout)
    },
    stop: async () => {
      await execute(['docker', 'rm', '--force', '--volumes', id], {}).catch(() => undefined)
    },
  }
}

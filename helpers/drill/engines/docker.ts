/** Servers of a drill in containers: how each kind is made and started from whatever image runs live, and how its own client finds it inside. */
import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Lease } from '../lease.ts'
import { type Container, prepareImage, startContainer } from './container.ts'
import { SUPERUSER } from './native.ts'
import { EngineError, type Place, type Ran, reachOf, type RunOptions } from './place.ts'

export type ServerKind = 'postgres' | 'mysql' | 'redis'

interface Recipe {
  readonly what: string
  /** User of the image under which the server runs, who owns nothing else. */
  readonly user: string
  readonly port: number
  /** Makes the server's data and runs it as the first process; `timeout` ends it should the drill have died. */
  readonly start: string
  /** Before every script that is run beside it. */
  readonly prefix: string
  /** Prints the version once the server answers a question; a socket that listens is no answer. */
  readonly ready: string
}

const POSTGRES_PATH =
  'for d in /usr/lib/postgresql/*/bin /usr/local/pgsql/bin /usr/pgsql-*/bin; do if [ -x "$d/initdb" ]; then PATH="$d:$PATH"; fi; done; export PATH LC_ALL=C.UTF-8 TZ=UTC'
const FIRST = 'first() { for one; do if command -v "$one" >/dev/null 2>&1; then command -v "$one"; return 0; fi; done; return 127; }'

/** Shell function `sql`: the client of MariaDB or MySQL, as whoever may do everything. */
export const SQL_CLIENT = `${FIRST}; sql() { "$(first mariadb mysql)" --no-defaults --socket="$DRILL_SOCKET" -u root "$@"; }`
export const SQL_READY = "sql -N -e 'select version()'"
/** Shell function `cli`: the client of Redis or Valkey. */
export const REDIS_CLIENT = `${FIRST}; cli() { "$(first redis-cli valkey-cli)" -s "$DRILL_SOCKET" "$@"; }`
export const REDIS_READY = "cli PING | grep -q PONG && cli INFO server | grep -E '^(valkey|redis)_version' | tail -n 1"

const RECIPES: Readonly<Record<ServerKind, Recipe>> = {
  postgres: {
    what: 'PostgreSQL',
    user: 'postgres',
    port: 5432,
    start: `set -e
${POSTGRES_PATH}
mkdir -m 755 /tmp/drill
initdb -D /tmp/drill/data -U ${SUPERUSER} -A trust -E UTF8 --locale=C.UTF-8 -N >/dev/null
exec timeout -s INT "$DRILL_SECONDS" postgres -D /tmp/drill/data -k /tmp/drill -p "$DRILL_PORT" -c listen_addresses="$DRILL_LISTEN" -c max_wal_size=4GB -c maintenance_work_mem=256MB`,
    prefix: `${POSTGRES_PATH}; export PGHOST=/tmp/drill PGPORT="$DRILL_PORT" PGUSER=${SUPERUSER} PGDATABASE=postgres PGTZ=UTC`,
    ready: 'psql -X -A -t -q -c "show server_version"',
  },
  mysql: {
    what: 'MariaDB',
    user: 'mysql',
    port: 3306,
    start: `set -e
${FIRST}
mkdir -m 755 /tmp/drill /tmp/drill/none
server=$(first mariadbd mysqld)
if make=$(first mariadb-install-db mysql_install_db); then
  "$make" --no-defaults --datadir=/tmp/drill/data --auth-root-authentication-method=normal --skip-test-db --tmpdir=/tmp/drill >/dev/null
else
  "$server" --no-defaults --initialize-insecure --datadir=/tmp/drill/data
fi
if [ -n "$DRILL_LISTEN" ]; then set -- --bind-address="$DRILL_LISTEN" --port="$DRILL_PORT"; else set -- --skip-networking; fi
exec timeout -s TERM "$DRILL_SECONDS" "$server" --no-defaults --datadir=/tmp/drill/data --socket=/tmp/drill/s --pid-file=/tmp/drill/pid --tmpdir=/tmp/drill \\
  --event-scheduler=OFF --secure-file-priv=/tmp/drill/none --local-infile=0 --loose-mysqlx=OFF "$@"`,
    prefix: `DRILL_SOCKET=/tmp/drill/s; ${SQL_CLIENT}`,
    ready: SQL_READY,
  },
  redis: {
    what: 'Redis',
    user: 'redis',
    port: 6379,
    start: `set -e
${FIRST}
mkdir -m 755 /tmp/drill
cp -r /artifact/0/* /tmp/drill/
if [ -d /tmp/drill/appendonlydir ]; then
  list=$(echo /tmp/drill/appendonlydir/*.manifest); list=\${list##*/}
  set -- --appendonly yes --appenddirname appendonlydir --appendfilename "\${list%.manifest}"
elif [ -e /tmp/drill/appendonly.aof ]; then set -- --appendonly yes --appendfilename appendonly.aof
else set -- --appendonly no; fi
exec timeout -s TERM "$DRILL_SECONDS" "$(first redis-server valkey-server)" --port "$([ -n "$DRILL_LISTEN" ] && echo "$DRILL_PORT" || echo 0)" --bind 127.0.0.1 --protected-mode no \\
  --unixsocket /tmp/drill/s --dir /tmp/drill --dbfilename dump.rdb --save '' --aof-load-truncated no --daemonize no --logfile '' "$@"`,
    prefix: `DRILL_SOCKET=/tmp/drill/s; ${REDIS_CLIENT}`,
    ready: REDIS_READY,
  },
}

export interface DockerOptions {
  readonly image: string
  readonly pull: 'never' | 'missing'
  readonly memory: string
  readonly cpus?: number
  /** What it may read: files and folders of this machine. */
  readonly files: readonly string[]
  /** Room that the restored data may take, bytes. */
  readonly wanted: number
  readonly restoreVersion?: string
  readonly deadlineSeconds: number
  /** How many servers of its kind share its network already; absent: it listens to nobody but its own clients. */
  readonly listening?: number
  readonly beside?: Container
  readonly signal: AbortSignal
}

/** 15 of 15.18, 10.11 of 10.11.6: versions of MariaDB and Redis differ in the second number as those of PostgreSQL in the first. */
const lineOf = (kind: ServerKind, version: string): string =>
  version
    .split('.')
    .slice(0, kind === 'postgres' ? 1 : 2)
    .join('.')

/** Its own name, where that is short enough for a copy. */
const nameInside = (path: string): string => (Buffer.byteLength(basename(path)) > 60 ? 'artifact' : basename(path))

/** @throws EngineError where it does not come up */
export async function startDocker(lease: Lease, kind: ServerKind, options: DockerOptions): Promise<Place & { readonly container: Container }> {
  const { image, signal, restoreVersion } = options
  const recipe = RECIPES[kind]
  await prepareImage(image, options.pull, options.wanted)
  signal.throwIfAborted()
  const inside = new Map(options.files.map((path, index) => [path, `/artifact/${index}/${nameInside(path)}`]))
  const port = recipe.port + (options.listening ?? 0)
  const container = await startContainer(lease, {
    image,
    command: ['sh', '-c', recipe.start],
    environment: {
      DRILL_SECONDS: String(Math.ceil(options.deadlineSeconds)),
      DRILL_PORT: String(port),
      DRILL_LISTEN: options.listening === undefined ? '' : '127.0.0.1',
    },
    user: recipe.user,
    // What reads the artifact has the one capability to do so; nothing else in the container has any.
    capabilities: ['DAC_READ_SEARCH'],
    memory: options.memory,
    ...(options.cpus === undefined ? {} : { cpus: options.cpus }),
    mounts: [...inside].map(([source, target]) => ({ source, target })),
    deadlineSeconds: options.deadlineSeconds,
    ...(options.beside === undefined ? {} : { beside: options.beside }),
    signal,
  })
  const exec = async (script: string, args: readonly string[], more: RunOptions): Promise<Ran> =>
    await container.run(['sh', '-c', `${recipe.prefix}\n${script}`, 'sh', ...args], {
      user: more.trusted === true ? 'root' : recipe.user,
      ...(more.input === undefined ? {} : { input: more.input }),
      ...(more.signal === undefined ? {} : { signal: more.signal }),
    })
  let version = ''
  try {
    for (const until = performance.now() + (kind === 'redis' ? options.deadlineSeconds * 1000 : 120_000); version === ''; ) {
      const why = await container.ended()
      if (why !== undefined) {
        const said = await container.said(20)
        throw new EngineError('died', `${recipe.what} did not start in the container of ${image}: ${container.foreign ?? said.at(-1)?.slice(0, 200) ?? why}`, {
          said,
        })
      }
      const asked = await exec(recipe.ready, [], {}).catch((error: unknown) => {
        if (error instanceof EngineError) return { exit: 255, stdout: '', stderr: '' }
        throw error
      })
      if (asked.exit === 0) version = /\d+(?:\.\d+)+/.exec(asked.stdout)?.[0] ?? ''
      if (version === '' && performance.now() > until)
        throw new EngineError('died', `${recipe.what} did not answer in the container of ${image} within two minutes`)
      if (version === '') await wait(100)
    }
    // Of the disk of another machine nobody knew before.
    const free = container.remote
      ? Number(/^\S+\s+\d+\s+\d+\s+(\d+)/m.exec((await exec('df -Pk /tmp/drill', [], {})).stdout)?.[1] ?? Number.NaN) * 1024
      : Number.NaN
    if (free < options.wanted)
      throw new EngineError(
        'missing',
        `${Math.round(free / 1024 ** 2)} MiB are free where Docker keeps containers, and the drill may need ${Math.round(options.wanted / 1024 ** 2)} MiB`,
      )
  } catch (error) {
    await container.remove()
    throw error
  }
  const other = restoreVersion !== undefined && kind !== 'redis' && lineOf(kind, restoreVersion) !== lineOf(kind, version)
  return {
    name: 'docker',
    image,
    version,
    container,
    ...(options.listening === undefined ? {} : { port }),
    reached: `exec into the container ${container.id.slice(0, 12)} of the drill`,
    sealed: true,
    basis:
      container.foreign !== undefined
        ? { kind: 'optimistic', why: `${container.foreign}: it is emulated` }
        : other
          ? { kind: 'optimistic', why: `${recipe.what} ${version} of the image is not the ${lineOf(kind, restoreVersion)} that runs live` }
          : { kind: 'measured', why: `${recipe.what} ${version} of the image ${image} with durable settings` },
    sh: async (script, args = [], more = {}) => {
      const { file, ...rest } = more
      if (file === undefined) return await exec(script, args, rest)
      return await exec(`exec 9>&2; f="$1"; shift; { ${script} ; } < "$f" 2>&9`, [inside.get(file) ?? file, ...args], { ...rest, trusted: true })
    },
    inside: (path) => inside.get(path) ?? path,
    reach: async () => reachOf((await exec('cat /proc/net/dev', [], {})).stdout, (await exec('cat /proc/net/route 2>/dev/null', [], {})).stdout),
    stop: () => container.remove(),
  }
}

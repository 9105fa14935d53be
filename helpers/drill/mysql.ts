/** Loads a dump of MySQL or MariaDB into a server of its own, and asks it what it holds. */
import { chown } from 'node:fs/promises'
import { join } from 'node:path'
import type { DrillFile } from '../target/drill.ts'
import { SQL_CLIENT, SQL_READY } from './engines/docker.ts'
import { execute, makeData, startServer, unprivileged } from './engines/native.ts'
import { EngineError, type Place } from './engines/place.ts'
import { mysqlErrors } from './errors.ts'
import type { Lease } from './lease.ts'
import type { QueryAnswer, RestoredTable, RestoreError, StageExit } from './observation.ts'
import { answersQuery, type Ask, type DeclaredFiles, expectation, feed, type FileRow, type NamedFiles, type Piece } from './postgres.ts'

const DATABASE = 'restored'

/** MariaDB of this machine. @throws EngineError where there is none */
export async function startMysql(
  lease: Lease,
  options: { readonly label: string; readonly deadlineSeconds: number; readonly signal: AbortSignal },
): Promise<Place> {
  const { signal } = options
  const asked = await execute(['mariadbd', '--version'], { signal }).catch(() => undefined)
  if (asked === undefined || asked.exit !== 0) throw new EngineError('missing', 'MariaDB is not installed on this machine (mariadbd)')
  const folder = await lease.makeFolder(options.label)
  const user = unprivileged()
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  await makeData(
    'mariadb-install-db',
    data,
    user,
    async (to, place) => {
      const made = await execute(
        ['mariadb-install-db', '--no-defaults', `--datadir=${to}`, '--auth-root-authentication-method=normal', '--skip-test-db', `--tmpdir=${place}`],
        { cwd: place, user, signal, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: place, TMPDIR: place } },
      )
      if (made.exit !== 0)
        throw /No space left|errno: 28|Errcode: 28/i.test(made.stderr + made.stdout)
          ? new EngineError('missing', 'no room is left where the drill works (TMPDIR): give it a larger disk')
          : new EngineError('died', 'mariadb-install-db failed')
    },
    signal,
  )
  return await startServer(
    lease,
    {
      what: 'MariaDB',
      folder,
      argv: [
        'mariadbd',
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${join(folder, 's')}`,
        '--skip-networking',
        `--pid-file=${join(folder, 'pid')}`,
        `--tmpdir=${folder}`,
        '--event-scheduler=OFF',
        '--secure-file-priv=/dev/null',
        '--local-infile=0',
      ],
      prefix: `DRILL_SOCKET=${join(folder, 's')}; ${SQL_CLIENT}`,
      ready: SQL_READY,
      pid: `cat ${join(folder, 'pid')}`,
      basis: { kind: 'optimistic', why: 'a MariaDB of this machine is not the server that runs live' },
    },
    options,
  )
}

export interface RestoredMysql {
  /** The database that the dump made, or the one that it was loaded into. */
  readonly database: string
  readonly stages: readonly StageExit[]
  readonly errors: readonly RestoreError[]
}

export async function restoreMysql(place: Place, piece: Piece, signal: AbortSignal): Promise<RestoredMysql> {
  if (!place.sealed && (piece.facts.dump?.dangers ?? []).some(({ kind }) => kind === 'shell' || kind === 'program'))
    throw new EngineError('missing', 'the dump starts programs: it is restored in a container without network only; declare an image')
  const made = await place.sh('sql -e "create database $1"', [DATABASE], { signal })
  if (made.exit !== 0) throw new EngineError('died', `the database to restore into could not be made (${mysqlErrors(made.stderr)[0]?.sqlstate ?? made.exit})`)
  const { stages, stderr } = await feed(place, piece, { tool: 'mariadb', command: 'sql --force "$1" >/dev/null' }, [DATABASE], signal)
  const errors = mysqlErrors(stderr)
  // 1021 ER_DISK_FULL, 1114 ER_RECORD_FILE_FULL, 2006 and 2013: the server is gone.
  const short = errors.find(({ message }) => /^(?:1021|1114|2006|2013): /.test(message))
  if (short !== undefined) throw new EngineError('died', `the server could not go on where the database is restored: ${short.message}`)
  const own = piece.facts.dump?.databases.find((name) => name !== 'mysql')
  const names = (await place.sh("sql -N -e 'show databases'", [], { signal })).stdout.split('\n')
  return { database: own !== undefined && names.includes(own) ? own : DATABASE, stages, errors }
}

const quoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``
const relation = (name: string): string => name.split('.').map(quoted).join('.')

/** Without escapes of its own: what is asked for holds no line ends. */
const reader =
  (place: Place, database: string, signal: AbortSignal) =>
  async (sql: string): Promise<readonly string[] | string> => {
    const ran = await place.sh('sql -N --raw -D "$1"', [database], {
      input: `set names utf8mb4; set time_zone = '+00:00'; set session transaction read only; ${sql};`,
      signal,
    })
    return ran.exit === 0 ? ran.stdout.split('\n').filter((line) => line !== '') : (mysqlErrors(ran.stderr)[0]?.sqlstate ?? `exit ${ran.exit}`)
  }
/** In the words of the standard: names in double quotes, `||` joins. */
export const mysqlAsk = (place: Place, database: string, signal: AbortSignal): Ask => {
  const read = reader(place, database, signal)
  return async (sql) => await read(`set session sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT'; ${sql}`)
}
/** Rows that name files: path, size, digest, time, as JSON lines; nothing of it is kept beyond the comparison. */
export async function mysqlFileRows(place: Place, database: string, file: DeclaredFiles, signal: AbortSignal): Promise<NamedFiles | string> {
  const read = reader(place, database, signal)
  const words = (name: string | undefined): string => (name === undefined ? 'null' : `convert(${quoted(name)} using utf8mb4)`)
  const time = file.createdAt === undefined ? 'null' : `unix_timestamp(${quoted(file.createdAt)})`
  const from = `from ${relation(file.table)} where ${quoted(file.path)} is not null`
  const rows = await read(
    `select json_array(${[words(file.path), words(file.bytes), words(file.sha256), time].join(', ')}) ${from} order by md5(${quoted(file.path)}) limit ${file.sample ?? 2000}`,
  )
  if (typeof rows === 'string') return rows
  const all = await read(`select distinct json_array(${words(file.path)}) ${from} limit 2000000`)
  if (typeof all === 'string') return all
  return { rows: rows.map((line) => JSON.parse(line) as FileRow), all: new Set(all.map((line) => (JSON.parse(line) as readonly [string])[0])) }
}

export async function inspectMysql(
  place: Place,
  piece: Piece,
  database: string,
  drill: DrillFile,
  signal: AbortSignal,
): Promise<{ readonly tables: readonly RestoredTable[]; readonly queries: readonly QueryAnswer[] }> {
  const ask = async (sql: string): ReturnType<Place['sh']> => await place.sh('sql -N -D "$1"', [database], { input: sql, signal })
  const listed = (await ask("select table_name from information_schema.tables where table_schema = database() and table_type = 'BASE TABLE';")).stdout
    .split('\n')
    .filter((name) => name !== '')
  const counted = await ask(listed.map((name) => `select count(*) from ${quoted(name)};`).join('\n'))
  if (counted.exit !== 0) throw new EngineError('died', `the restored tables could not be counted (${mysqlErrors(counted.stderr)[0]?.message ?? counted.exit})`)
  const numbers = counted.stdout.split('\n')
  const held = new Map(listed.map((name, index) => [name, Number(numbers[index])]))
  const bare = (name: string): string => name.replaceAll('`', '').replace(/^.*\./, '')
  const promised = new Map((piece.facts.dump?.tables ?? []).map(({ name, rows }) => [bare(name), rows]))
  const queries: QueryAnswer[] = []
  for (const query of drill.queries ?? []) {
    if (query.database !== undefined && query.database !== piece.role) continue
    const ran = await ask(`set session transaction read only; ${query.sql}`)
    const text = ran.stdout.replace(/\n$/, '')
    const one = ran.exit === 0 && !text.includes('\n')
    queries.push({
      id: query.id,
      expected: expectation(query),
      received: ran.exit !== 0 ? `error ${mysqlErrors(ran.stderr)[0]?.sqlstate ?? ran.exit}` : one ? text.slice(0, 200) : 'more than one row',
      right: one && answersQuery(query, text),
    })
  }
  return {
    tables: [...new Set([...promised.keys(), ...held.keys()])].map((name) => {
      const expected = promised.get(name)
      const rows = held.get(name)
      return { name, ...(expected === undefined ? {} : { expected }), ...(rows === undefined ? {} : { rows }) }
    }),
    queries,
  }
}

/** Restores PostgreSQL dumps with the tools of PostgreSQL, and asks the restored database what it holds. Names and numbers only. */
import { cpus } from 'node:os'
import type { Declarations, DumpFacts, Layer, ObjectCounts, UndigestedFacts } from '../artifact/facts.ts'
import { sqlScanner } from '../artifact/sql.ts'
import type { DrillFile } from '../target/drill.ts'
import { compare } from './compare.ts'
import { EngineError, type Place, type Ran } from './engines/place.ts'
import { postgresErrors } from './errors.ts'
import type { Compared, NewestRow, PostgresFacts, QueryAnswer, RestoredTable, RestoreError, StageExit } from './observation.ts'

/** One file to be restored, where it lies. */
export interface Piece {
  readonly label: string
  readonly role: string
  readonly path: string
  readonly facts: UndigestedFacts
}
/** Database that dumps without CREATE DATABASE are restored into. */
const DATABASE = 'restored'
const ARCHIVES: ReadonlySet<string> = new Set(['pg-custom', 'pg-directory', 'pg-tar'])
/** What a dump may do beyond putting data back, where it could reach this machine. */
const OUTSIDE: ReadonlySet<string> = new Set(['shell', 'program', 'server-setting', 'foreign-server', 'subscription'])
const BUILT_IN = /^(?:pg_.*|public)$/
/** Rows of each table whose text is read again. */
const SAMPLE = 2_000
/** Bytes of a table from which on verification samples: it must stay a small part of the restore. */
const LARGE = 64 * 1024 * 1024

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
/** `public.users`, `users`, `"Odd"."name"` as PostgreSQL writes it. */
const relation = (name: string): string =>
  name.includes('"')
    ? name
    : name
        .split('.')
        .map((part) => quoted(part))
        .join('.')

async function psql(place: Place, database: string, sql: string, signal: AbortSignal, strict = true): Promise<Ran> {
  const ran = await place.sh(`psql -X -q -A -t -v VERBOSITY=verbose -v ON_ERROR_STOP=${strict ? 1 : 0} -d "$1" -f -`, [database], { input: sql, signal })
  if (/server closed the connection|could not connect|connection to server .* failed/i.test(ran.stderr) && ran.exit === 2)
    throw new EngineError('died', 'the database server ended in the middle')
  return ran
}
/** Of what a disk without room answers (PostgreSQL appendix A). */
const DISK_FULL = '53100'
const stateOf = (ran: Ran): string => postgresErrors(ran.stderr)[0]?.sqlstate ?? `exit ${ran.exit}`

export interface RestoredPostgres {
  readonly database: string
  readonly databases: readonly string[]
  readonly stages: readonly StageExit[]
  readonly errors: readonly RestoreError[]
  readonly relationsBefore: number
  readonly rolesInvented: readonly string[]
  readonly extensionsMissing: readonly string[]
  readonly promised?: Declarations
  readonly objectsExpected?: ObjectCounts
}

const LAYER_TOOLS: Readonly<Record<Layer, string>> = { gzip: 'gzip -dc', lz4: 'lz4 -dc', zstd: 'zstd -dc' }
const stagesOf = (stdout: string): readonly StageExit[] =>
  [...stdout.matchAll(/^stage (\S+) (\d+)$/gm)].map((match) => ({ tool: match[1] as string, exit: Number(match[2]) }))

/** Feeds a file through a client of the server, each program of the pipe telling its own status. */
export async function feed(
  place: Place,
  piece: Piece,
  client: { readonly tool: string; readonly command: string },
  args: readonly string[],
  signal: AbortSignal,
  onMove?: (percent: number) => void,
): Promise<{ readonly stages: readonly StageExit[]; readonly stderr: string }> {
  const pipe = [...piece.facts.layers.map((layer) => ({ tool: layer as string, command: LAYER_TOOLS[layer] })), client]
  const script = `exec 3>&1; ${pipe.map(({ tool, command }) => `{ ${command}; echo "stage ${tool} $?" >&3; }`).join(' | ')}`
  const ran = await place.sh(script, args, { file: piece.path, signal, ...(onMove === undefined ? {} : { onMove }) })
  const stages = stagesOf(ran.stdout)
  if (stages.some(({ exit }) => exit === 127))
    throw new EngineError('missing', `${stages.find(({ exit }) => exit === 127)?.tool ?? 'a program'} is not installed where the database is restored`)
  return { stages, stderr: ran.stderr }
}
async function feedPsql(place: Place, database: string, piece: Piece, signal: AbortSignal, onMove?: (percent: number) => void): ReturnType<typeof feed> {
  const client = { tool: 'psql', command: 'psql -X -q -v VERBOSITY=verbose -v ON_ERROR_STOP=0 -d "$1" -o /dev/null -f - >/dev/null' }
  const fed = await feed(place, piece, client, [database], signal, onMove)
  if (fed.stages.some(({ tool, exit }) => tool === 'psql' && exit === 2))
    throw new EngineError('died', 'the connection to the database server was lost in the middle of the restore')
  return fed
}

/**
 * Removes the write-ahead log behind where the server writes. It is as large as the data and only a restart after a crash would read it, which nobody does
 * here: it goes while the data are asked, and not when everybody waits for the end of the cleaning up. What cannot be removed goes with the server. Never throws.
 */
export async function dropLog(place: Place, signal: AbortSignal): Promise<void> {
  const behind = `select name from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name collate "C" < pg_walfile_name(pg_current_wal_insert_lsn())`
  const script = 'cd "$(psql -X -q -A -t -c "show data_directory")/pg_wal" && psql -X -q -A -t -c "$1" | xargs rm -f'
  await place.sh(script, [behind], { signal }).catch(() => undefined)
}

/** A schema as pg_dump or pg_restore writes it: its declarations and how many objects of each kind. */
function ofSchema(text: string): Pick<DumpFacts, 'declarations' | 'objects'> {
  const scanner = sqlScanner()
  scanner.write(Buffer.from(text))
  return scanner.end()
}

/** @param globals roles of the cluster, restored before */
export async function restorePostgres(
  place: Place,
  piece: Piece,
  options: {
    readonly globals: readonly Piece[]
    readonly encoding?: string
    readonly drill: DrillFile
    readonly roles: readonly string[]
    readonly signal: AbortSignal
    readonly onMove?: (percent: number, etaSeconds: number) => void
  },
): Promise<RestoredPostgres> {
  const { signal } = options
  const dump = piece.facts.dump as DumpFacts
  const dangers = [dump, ...options.globals.flatMap(({ facts }) => facts.dump ?? [])].flatMap((one) => one.dangers).filter(({ kind }) => OUTSIDE.has(kind))
  if (!place.sealed && dangers.length > 0)
    throw new EngineError(
      'missing',
      `the dump does more than put data back (${[...new Set(dangers.map(({ kind }) => kind))].join(', ')}): it is restored in a container without network only; declare an image`,
    )
  const stages: StageExit[] = []
  let stderr = ''
  for (const one of options.globals) {
    const fed = await feedPsql(place, 'postgres', one, signal)
    stages.push(...fed.stages)
    stderr += fed.stderr
  }
  const known = new Set((await psql(place, 'postgres', 'select rolname from pg_roles', signal)).stdout.split('\n'))
  const wanted = [...new Set([...dump.rolesNamed, 'postgres'])].filter((role) => !known.has(role) && !BUILT_IN.test(role) && !dump.rolesCreated.includes(role))
  const encoding = options.encoding ?? 'UTF8'
  // A dump of statements may make its database itself (pg_dump -C, pg_dumpall); an archive is told where to go.
  const own = !ARCHIVES.has(piece.facts.format) && (dump.scope !== 'database' || dump.databases.length > 0)
  const target = own ? 'postgres' : DATABASE
  const made = await psql(
    place,
    'postgres',
    [
      ...wanted.map((role) => `create role ${quoted(role)} nologin;`),
      ...(own
        ? []
        : [
            `create database ${DATABASE} template template0 encoding ${literal(encoding)} lc_collate 'C' lc_ctype ${/^utf-?8$/i.test(encoding) ? "'C.UTF-8'" : "'C'"};`,
            `\\connect ${DATABASE}`,
          ]),
      "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_' and n.nspname <> 'information_schema';",
      'select name from pg_available_extensions;',
    ].join('\n'),
    signal,
  )
  if (made.exit !== 0) {
    const state = stateOf(made)
    throw new EngineError(
      'died',
      `${state === DISK_FULL ? 'there is not enough room where the database is restored: it' : 'the database to restore into'} could not be made (${state})`,
    )
  }
  const [before = '', ...names] = made.stdout.split('\n')
  const available = new Set(names)
  const extensionsMissing = dump.extensions.filter((name) => !available.has(name))

  let promised: Declarations | undefined
  let objectsExpected: ObjectCounts | undefined
  if (ARCHIVES.has(piece.facts.format)) {
    const jobs = options.drill.jobs ?? Math.max(1, Math.min(Math.floor(options.drill.cpus ?? cpus().length), 4))
    const path = place.inside(piece.path)
    const parallel = piece.facts.format === 'pg-tar' ? 1 : jobs
    const ran = await place.sh('pg_restore -d "$1" -j "$2" "$3" >/dev/null', [target, String(parallel), path], { signal, trusted: true })
    stages.push({ tool: 'pg_restore', exit: ran.exit })
    stderr += ran.stderr
    if (ran.exit > 1 && /server closed the connection|could not connect/i.test(ran.stderr))
      throw new EngineError('died', 'the connection to the database server was lost in the middle of the restore')
    const schema = await place.sh('pg_restore -s -f - "$1"', [path], { signal, trusted: true })
    if (schema.exit === 0) ({ declarations: promised, objects: objectsExpected } = ofSchema(schema.stdout))
  } else {
    const began = performance.now()
    const fed = await feedPsql(place, target, piece, signal, (percent) => {
      if (percent > 0) options.onMove?.(percent, Math.round(((performance.now() - began) / 1000) * (100 / percent - 1)))
    })
    stages.push(...fed.stages)
    stderr += fed.stderr
    promised = dump.declarations
    objectsExpected = dump.objects
  }
  const databases = own
    ? (await psql(place, 'postgres', 'select datname from pg_database where not datistemplate', signal)).stdout.split('\n').filter((name) => name !== '')
    : [DATABASE]
  const found = own ? (dump.database ?? dump.databases.find((name) => databases.includes(name) && name !== 'postgres') ?? 'postgres') : DATABASE
  const database = databases.includes(found) ? found : 'postgres'
  const said = postgresErrors(stderr)
  // 53100 disk_full, 53200 out_of_memory: of the place, not of the backup (PostgreSQL appendix A).
  const short = said.find(({ sqlstate, message }) => /^53[12]00$/.test(sqlstate) || /No space left on device/.test(message))
  if (short !== undefined) throw new EngineError('died', `there is not enough room where the database is restored: ${short.message}`)
  const errors = said.filter(
    ({ sqlstate, message }) =>
      // The superuser of the live cluster is made by globals as every other role; ours has a name of its own, theirs may stand already.
      !(sqlstate === '42710' && message === 'role "postgres" already exists') &&
      !(sqlstate === 'XX000' && message.startsWith('errors ignored on restore')) &&
      !(options.drill.allowErrors ?? []).includes(sqlstate),
  )
  return {
    database,
    databases,
    stages,
    errors,
    relationsBefore: before === '' ? Number.NaN : Number(before),
    rolesInvented: wanted.filter((role) => role !== 'postgres' && !options.roles.includes(role)),
    extensionsMissing,
    ...(promised === undefined ? {} : { promised }),
    ...(objectsExpected === undefined ? {} : { objectsExpected }),
  }
}

const USER_SCHEMA = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
const NOT_EXTENSION = (catalog: string, alias: string): string =>
  `not exists (select 1 from pg_depend d where d.classid = '${catalog}'::regclass and d.objid = ${alias}.oid and d.deptype = 'e')`

interface Catalogue {
  readonly identifier: string
  readonly encoding: string
  readonly extensions: readonly string[]
  readonly tables: readonly { readonly name: string; readonly kind: string }[]
  readonly invalid: readonly string[]
  readonly notValid: readonly string[]
  readonly foreign: readonly {
    readonly name: string
    readonly large: boolean
    readonly table: string
    readonly columns: readonly string[]
    readonly to: string
    readonly keys: readonly string[]
  }[]
  readonly sequences: readonly { readonly name: string; readonly table: string; readonly column: string; readonly increment: number }[]
  readonly matviews: readonly { readonly name: string; readonly populated: boolean }[]
  readonly partitions: readonly { readonly parent: string; readonly bound: string }[]
  readonly oids: readonly { readonly table: string; readonly column: string }[]
  readonly texts: readonly { readonly table: string; readonly columns: readonly string[] }[]
  readonly btrees: readonly { readonly name: string; readonly oid: number; readonly large: boolean }[]
}

const CATALOGUE = `
set statement_timeout = '60s';
select json_build_object(
'identifier', (select system_identifier::text from pg_control_system()),
'encoding', (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()),
'extensions', (select coalesce(json_agg(extname order by extname), '[]') from pg_extension where extname <> 'plpgsql'),
'tables', (select coalesce(json_agg(json_build_object('name', format('%I.%I', n.nspname, c.relname), 'kind', c.relkind) order by 1), '[]')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r','p') and ${USER_SCHEMA} and ${NOT_EXTENSION('pg_class', 'c')}),
'invalid', (select coalesce(json_agg(i.indexrelid::regclass::text), '[]') from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
  where ${USER_SCHEMA} and not (i.indisvalid and i.indisready)),
'notValid', (select coalesce(json_agg(format('%I of %I.%I', k.conname, n.nspname, c.relname)), '[]') from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
  where ${USER_SCHEMA} and not k.convalidated),
'foreign', (select coalesce(json_agg(json_build_object('name', k.conname, 'table', format('%I.%I', n.nspname, c.relname), 'large', pg_relation_size(c.oid) > ${LARGE}, 'to', k.confrelid::regclass::text,
  'columns', (select json_agg(quote_ident(a.attname) order by o.i) from unnest(k.conkey) with ordinality o(num, i) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num),
  'keys', (select json_agg(quote_ident(a.attname) order by o.i) from unnest(k.confkey) with ordinality o(num, i) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.num))), '[]')
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where k.contype = 'f' and k.conparentid = 0 and ${USER_SCHEMA}),
'sequences', (select coalesce(json_agg(json_build_object('name', format('%I.%I', n.nspname, s.relname), 'table', d.refobjid::regclass::text, 'column', quote_ident(a.attname), 'increment', q.seqincrement)), '[]')
  from pg_class s join pg_namespace n on n.oid = s.relnamespace join pg_sequence q on q.seqrelid = s.oid
  join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a','i') and d.refobjsubid > 0
  join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid where s.relkind = 'S' and ${USER_SCHEMA}),
'matviews', (select coalesce(json_agg(json_build_object('name', format('%I.%I', n.nspname, c.relname), 'populated', c.relispopulated)), '[]')
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'm' and ${USER_SCHEMA}),
'partitions', (select coalesce(json_agg(json_build_object('parent', p.parent, 'bound', p.bound)), '[]') from (
  select t.partrelid::regclass::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound from pg_partitioned_table t
  join pg_attribute a on a.attrelid = t.partrelid and a.attnum = t.partattrs[0] join pg_type y on y.oid = a.atttypid
  left join pg_inherits h on h.inhparent = t.partrelid left join pg_class c on c.oid = h.inhrelid
  where t.partstrat = 'r' and t.partnatts = 1 and y.typname in ('date','timestamp','timestamptz')) p),
'oids', (select coalesce(json_agg(json_build_object('table', format('%I.%I', n.nspname, c.relname), 'column', quote_ident(a.attname))), '[]')
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type y on y.oid = a.atttypid
  where c.relkind = 'r' and ${USER_SCHEMA} and a.attnum > 0 and not a.attisdropped and y.typname in ('oid', 'lo')),
'texts', (select coalesce(json_agg(json_build_object('table', t.name, 'columns', t.columns)), '[]') from (
  select format('%I.%I', n.nspname, c.relname) as name, json_agg(quote_ident(a.attname)) as columns
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type y on y.oid = a.atttypid
  where c.relkind = 'r' and ${USER_SCHEMA} and ${NOT_EXTENSION('pg_class', 'c')} and a.attnum > 0 and not a.attisdropped and y.typname in ('text','varchar','bpchar') group by 1) t),
'btrees', (select coalesce(json_agg(json_build_object('name', i.indexrelid::regclass::text, 'oid', i.indexrelid::bigint, 'large', i.indexprs is null and i.indpred is null and pg_relation_size(i.indrelid) > ${LARGE})), '[]')
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = c.relam
  where m.amname = 'btree' and c.relkind = 'i' and i.indisvalid and i.indisready and c.relpersistence = 'p' and ${USER_SCHEMA})
);`

/** Splits `FOR VALUES FROM ('…') TO ('…')`. */
const boundsOf = (bound: string): { readonly from: number; readonly to: number } | undefined => {
  const match = /FROM \((MINVALUE|'[^']*')\) TO \((MAXVALUE|'[^']*')\)/.exec(bound)
  if (match === null) return undefined
  const time = (text: string): number =>
    text === 'MINVALUE'
      ? -Infinity
      : text === 'MAXVALUE'
        ? Infinity
        : Date.parse(
            `${text
              .slice(1, -1)
              .replace(' ', 'T')
              .replace(/([+-]\d\d)$/, '$1:00')}${/[+-]\d\d(?::?\d\d)?'$/.test(text) ? '' : text.includes(':') ? 'Z' : ''}`,
          )
  const [from, to] = [time(match[1] as string), time(match[2] as string)]
  return Number.isNaN(from) || Number.isNaN(to) ? undefined : { from, to }
}
function partitionsOf(all: Catalogue['partitions'], now: number): PostgresFacts['partitions'] {
  const byParent = new Map<string, string[]>()
  for (const { parent, bound } of all) byParent.set(parent, [...(byParent.get(parent) ?? []), ...(bound === null ? [] : [bound])])
  const homeless: string[] = []
  const gaps: string[] = []
  for (const [parent, bounds] of byParent) {
    const ranges = bounds.flatMap((bound) => boundsOf(bound) ?? []).sort((a, b) => a.from - b.from)
    const fallback = bounds.includes('DEFAULT')
    if (!fallback && !ranges.some(({ from, to }) => from <= now && now < to)) homeless.push(parent)
    for (const [index, range] of ranges.entries()) {
      const before = ranges[index - 1]
      if (before !== undefined && before.to < range.from) gaps.push(`${parent}: ${new Date(before.to).toISOString()} to ${new Date(range.from).toISOString()}`)
    }
  }
  return { tables: [...byParent.keys()], homeless, gaps }
}

export interface Inspection {
  readonly tables: readonly RestoredTable[]
  readonly postgres: PostgresFacts
  readonly queries: readonly QueryAnswer[]
  readonly writes: readonly QueryAnswer[]
  readonly newest: readonly NewestRow[]
}

/** `users` of the target means that table in whatever schema it is. */
const tableNamed = (catalogue: Catalogue, name: string): string | undefined => {
  const bare = (text: string): string => text.replaceAll('"', '')
  return catalogue.tables.find((one) => bare(one.name) === bare(name) || (!name.includes('.') && bare(one.name).endsWith(`.${bare(name)}`)))?.name
}
const split = (column: string): { readonly table: string; readonly column: string } => {
  const dot = column.lastIndexOf('.')
  return { table: column.slice(0, dot), column: column.slice(dot + 1) }
}
const emptyComparison: Compared = { expected: 0, missing: [], unexpected: [] }

export async function inspectPostgres(
  place: Place,
  piece: Piece,
  restored: RestoredPostgres,
  options: { readonly drill: DrillFile; readonly signal: AbortSignal; readonly now: number },
): Promise<Inspection> {
  const { drill, signal } = options
  const database = restored.database
  const asked = await psql(place, database, CATALOGUE, signal)
  if (asked.exit !== 0) throw new EngineError('died', `the restored database does not answer (${stateOf(asked)})`)
  const catalogue = JSON.parse(asked.stdout.trim()) as Catalogue
  const dump = piece.facts.dump as DumpFacts

  // One statement a line of the answer: the number of the question, then its value. A question that fails leaves its line out.
  const questions: string[] = []
  const ask = (sql: string): number => questions.push(sql) - 1
  const rows = catalogue.tables.filter(({ kind }) => kind === 'r').map(({ name }) => ({ name, at: ask(`select count(*) from only ${name}`) }))
  const foreign = catalogue.foreign.map((one) => ({
    one,
    at: ask(
      `select count(*) from ${one.table} a${one.large ? ' tablesample system (10) repeatable (1)' : ''} where ${one.columns.map((column) => `a.${column} is not null`).join(' and ')} and not exists (select 1 from ${one.to} b where ${one.columns.map((column, index) => `b.${one.keys[index] ?? ''} = a.${column}`).join(' and ')})`,
    ),
  }))
  const logical = (drill.references ?? []).map(({ from, to }) => {
    const [a, b] = [split(from), split(to)]
    const [left, right] = [tableNamed(catalogue, a.table) ?? relation(a.table), tableNamed(catalogue, b.table) ?? relation(b.table)]
    return {
      name: `${from} to ${to}`,
      at: ask(
        `select count(*) from ${left} a where a.${quoted(a.column)} is not null and not exists (select 1 from ${right} b where b.${quoted(b.column)} = a.${quoted(a.column)})`,
      ),
    }
  })
  const sequences = catalogue.sequences.map((one) => ({
    one,
    next: ask(`select case when is_called then last_value + ${one.increment} else last_value end from ${one.name}`),
    highest: ask(`select ${one.increment > 0 ? 'max' : 'min'}(${one.column}) from ${one.table}`),
  }))
  const texts = catalogue.texts.map((one) => ({
    one,
    at: ask(
      `select ${one.columns.map((column) => `count(convert_from(convert_to(${column}::text, 'UTF8'), 'UTF8'))`).join(' + ')} from (select ${one.columns.join(', ')} from only ${one.table} limit ${SAMPLE}) s`,
    ),
  }))
  const objects = ask('select count(*) from pg_largeobject_metadata')
  const dangling = catalogue.oids.map(({ table, column }) =>
    ask(
      `select count(*) from ${table} where ${column} is not null and ${column} <> 0 and not exists (select 1 from pg_largeobject_metadata where oid = ${column})`,
    ),
  )
  const newest = (drill.heartbeat ?? []).map((column) => {
    const { table, column: name } = split(column)
    return {
      column,
      at: ask(
        `select to_char(max(${quoted(name)})::timestamptz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') from ${tableNamed(catalogue, table) ?? relation(table)}`,
      ),
    }
  })
  const script = [
    "set statement_timeout = '120s'; set timezone = 'UTC'; set default_transaction_read_only = on; set row_security = off;",
    ...questions.map((sql, index) => `\\echo -n '${index} '\n${sql};\n\\echo`),
  ].join('\n')
  // Three that ask different things of the server, side by side.
  const [told, amcheck, schema] = await Promise.all([
    psql(place, database, script, signal, false),
    btreeCheck(place, database, catalogue, signal),
    place.sh('pg_dump -s -d "$1"', [database], { signal }),
  ])
  const answers = new Map<number, string>()
  for (const line of told.stdout.split('\n')) {
    const match = /^(\d+) (.*)$/.exec(line)
    if (match !== null) answers.set(Number(match[1]), match[2] as string)
  }
  const number = (at: number): number | undefined => {
    const text = answers.get(at)
    return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text)
  }

  const actual = schema.exit === 0 ? ofSchema(schema.stdout) : undefined
  const sides = restored.promised !== undefined && actual?.declarations !== undefined ? { promised: restored.promised, actual: actual.declarations } : undefined
  const counts = new Map(rows.map(({ name, at }) => [name.replaceAll('"', ''), number(at)]))
  const expected = new Map(dump.tables.filter(({ defined, data }) => defined || data).map(({ name, rows: promised }) => [name.replaceAll('"', ''), promised]))
  const partitioned = new Set(catalogue.tables.filter(({ kind }) => kind === 'p').map(({ name }) => name.replaceAll('"', '')))
  const names = [...new Set([...expected.keys(), ...counts.keys()])].filter((name) => !partitioned.has(name))
  const qualified = (name: string): string => (name.includes('.') ? name : ([...counts.keys()].find((one) => one.endsWith(`.${name}`)) ?? name))
  const seen = new Set<string>()
  const tables: RestoredTable[] = []
  for (const name of names) {
    const full = qualified(name)
    if (seen.has(full)) continue
    seen.add(full)
    const promised = expected.get(name) ?? expected.get(full)
    const held = counts.get(full)
    tables.push({ name: full, ...(promised === undefined ? {} : { expected: promised }), ...(held === undefined ? {} : { rows: held }) })
  }
  return {
    tables,
    queries: await queriesOf(place, database, piece.role, drill, signal),
    writes: await writesOf(place, database, piece.role, drill, signal),
    newest: newest.map(({ column, at }) => {
      const text = answers.get(at)
      return text === undefined ? { column, unread: 'there is no such column' } : text === '' ? { column } : { column, at: text }
    }),
    postgres: {
      relationsBefore: restored.relationsBefore,
      systemIdentifier: catalogue.identifier,
      encoding: catalogue.encoding,
      extensionsMissing: restored.extensionsMissing,
      extensions: catalogue.extensions,
      rolesInvented: restored.rolesInvented,
      objects: actual?.objects ?? dump.objects,
      ...(restored.objectsExpected === undefined || actual === undefined ? {} : { objectsExpected: restored.objectsExpected }),
      indexesInvalid: catalogue.invalid,
      constraintsNotValidated:
        sides === undefined ? { ...emptyComparison, unexpected: catalogue.notValid } : compare(sides.promised.notValid, new Set(catalogue.notValid)),
      references: {
        checked: foreign.length + logical.length,
        sampled: foreign.filter(({ one }) => one.large).length,
        orphans: [
          ...foreign.map(({ one, at }) => ({ name: `${one.name} of ${one.table}`, rows: number(at) })),
          ...logical.map(({ name, at }) => ({ name, rows: number(at) })),
        ].flatMap(({ name, rows: found }) => (found === undefined || found === 0 ? [] : [{ name, rows: found }])),
        unread: [
          ...foreign.flatMap(({ one, at }) => (number(at) === undefined ? [one.name] : [])),
          ...logical.flatMap(({ name, at }) => (number(at) === undefined ? [name] : [])),
        ],
      },
      sequences: sequences.map(({ one, next, highest }) => {
        const [a, b] = [answers.get(next) ?? '', answers.get(highest) ?? '']
        const known = /^-?\d+$/.test(a) && (b === '' || /^-?\d+$/.test(b))
        const ahead = known && (b === '' || (one.increment > 0 ? BigInt(a) > BigInt(b) : BigInt(a) < BigInt(b)))
        return { name: one.name, column: `${one.table}.${one.column}`, next: a, highest: b, ahead }
      }),
      matviews: { checked: catalogue.matviews.length, empty: catalogue.matviews.filter(({ populated }) => !populated).map(({ name }) => name) },
      partitions: partitionsOf(catalogue.partitions, options.now),
      ...(sides === undefined
        ? {}
        : {
            owners: compare(sides.promised.owners, sides.actual.owners),
            grants: compare(sides.promised.grants, sides.actual.grants),
            policies: compare(sides.promised.policies, sides.actual.policies),
            triggers: compare(sides.promised.triggers, sides.actual.triggers),
            definitions: compare(sides.promised.definitions, sides.actual.definitions),
          }),
      largeObjects: {
        count: number(objects) ?? 0,
        referencing: catalogue.oids.length,
        dangling: dangling.reduce((sum, at) => sum + (number(at) ?? 0), 0),
      },
      text: {
        columns: texts.reduce((sum, { one }) => sum + one.columns.length, 0),
        invalid: texts.filter(({ at }) => number(at) === undefined).map(({ one }) => one.table),
      },
      btree: amcheck,
    },
  }
}

async function btreeCheck(place: Place, database: string, catalogue: Catalogue, signal: AbortSignal): Promise<PostgresFacts['btree']> {
  if (catalogue.btrees.length === 0) return { checked: 0, damaged: [] }
  const script = [
    "set statement_timeout = '300s'; begin; create extension if not exists amcheck;",
    ...catalogue.btrees.map(
      ({ oid, large }, index) =>
        `savepoint s; \\echo -n '${index} '\nselect bt_index_check(${oid}::regclass, ${large ? 'false' : 'true'}) is not null;\n\\echo\nrollback to s;`,
    ),
    'rollback;',
  ].join('\n')
  const ran = await psql(place, database, script, signal, false)
  if (/amcheck/.test(ran.stderr) && /0A000|58P01|42501/.test(ran.stderr))
    return { checked: 0, damaged: [], unavailable: 'the extension amcheck is not where the database was restored' }
  const right = new Set([...ran.stdout.matchAll(/^(\d+) [tf]$/gm)].map((match) => Number(match[1])))
  return {
    checked: catalogue.btrees.length,
    structureOnly: catalogue.btrees.filter(({ large }) => large).length,
    damaged: catalogue.btrees.filter((_, index) => !right.has(index)).map(({ name }) => name),
  }
}

type Query = NonNullable<DrillFile['queries']>[number]
export const expectation = ({ equals, min, max }: Query): string =>
  [...(equals === undefined ? [] : [`= ${String(equals)}`]), ...(min === undefined ? [] : [`>= ${min}`]), ...(max === undefined ? [] : [`<= ${max}`])].join(
    ' and ',
  )
/** NaN and rubbish are not right. */
export function answersQuery(query: Query, text: string): boolean {
  if (query.equals !== undefined && text !== String(query.equals) && !(typeof query.equals === 'boolean' && text === (query.equals ? 't' : 'f'))) return false
  const value = text.trim() === '' ? Number.NaN : Number(text)
  return (query.min === undefined || value >= query.min) && (query.max === undefined || value <= query.max)
}

async function queriesOf(place: Place, database: string, role: string, drill: DrillFile, signal: AbortSignal): Promise<readonly QueryAnswer[]> {
  const answers: QueryAnswer[] = []
  for (const query of drill.queries ?? []) {
    if (query.database !== undefined && query.database !== role) continue
    const ran = await psql(
      place,
      database,
      `set statement_timeout = '60s'; set default_transaction_read_only = on;\n${query.sql.replace(/;\s*$/, '')};`,
      signal,
    )
    const text = ran.stdout.replace(/\n$/, '')
    const one = ran.exit === 0 && !text.includes('\n')
    answers.push({
      id: query.id,
      expected: expectation(query),
      received: ran.exit !== 0 ? `error ${stateOf(ran)}` : one ? text.slice(0, 200) : 'more than one row',
      right: one && answersQuery(query, text),
    })
  }
  return answers
}

async function writesOf(place: Place, database: string, role: string, drill: DrillFile, signal: AbortSignal): Promise<readonly QueryAnswer[]> {
  const answers: QueryAnswer[] = []
  for (const write of drill.writes ?? []) {
    if (write.database !== undefined && write.database !== role) continue
    const ran = await psql(place, database, `set statement_timeout = '60s';\nbegin;\n${write.sql.replace(/;\s*$/, '')};\nrollback;`, signal)
    answers.push({
      id: write.id,
      expected: 'accepted, and rolled back',
      received: ran.exit === 0 ? 'accepted' : `error ${stateOf(ran)}`,
      right: ran.exit === 0,
    })
  }
  return answers
}

export type Ask = (sql: string) => Promise<readonly string[] | string>

export const postgresAsk =
  (place: Place, database: string, signal: AbortSignal): Ask =>
  async (sql) => {
    const ran = await psql(place, database, `set default_transaction_read_only = on; set search_path = public;\n${sql};`, signal)
    return ran.exit === 0 ? ran.stdout.split('\n').filter((line) => line !== '') : stateOf(ran)
  }

/** Rows that name files: path, size, digest, time, as JSON lines; nothing of it is kept beyond the comparison. */
export async function fileRows(place: Place, database: string, file: DeclaredFiles, signal: AbortSignal): Promise<readonly FileRow[] | string> {
  const column = (name: string | undefined): string => (name === undefined ? 'null' : `${quoted(name)}::text`)
  const time = file.createdAt === undefined ? 'null' : `extract(epoch from ${quoted(file.createdAt)}::timestamptz)`
  const sql = `set timezone = 'UTC'; set default_transaction_read_only = on; set row_security = off; select json_build_array(${column(file.path)}, ${column(file.bytes)}, ${column(file.sha256)}, ${time}) from ${relation(file.table)} where ${quoted(file.path)} is not null order by md5(${quoted(file.path)}::text) limit ${file.sample ?? 2000};`
  const ran = await psql(place, database, sql, signal)
  if (ran.exit !== 0) return stateOf(ran)
  return ran.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FileRow)
}
export type FileRow = readonly [path: string, bytes: string | null, sha256: string | null, seconds: number | null]
export type DeclaredFiles = NonNullable<DrillFile['files']>[number]
/** Rows that name files, some of them whole, and the paths of all. */
export interface NamedFiles {
  readonly rows: readonly FileRow[]
  readonly all: ReadonlySet<string>
}

export const allPaths = async (place: Place, database: string, file: DeclaredFiles, signal: AbortSignal): Promise<ReadonlySet<string> | undefined> => {
  const ran = await psql(
    place,
    database,
    `set default_transaction_read_only = on; set row_security = off; select distinct ${quoted(file.path)}::text from ${relation(file.table)} where ${quoted(file.path)} is not null limit 2000000;`,
    signal,
  )
  return ran.exit === 0 ? new Set(ran.stdout.split('\n').filter((line) => line !== '')) : undefined
}

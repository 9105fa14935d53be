/** What of a restored database is compared with another time: digests of tables, versions of extensions. Digests say nothing of a row. */
import type { DrillFile } from '../target/drill.ts'
import type { Ask } from './postgres.ts'

export interface Contents {
  /** By table as declared: `rows:sum`, the same in whatever order the rows are; or why there is none. */
  readonly digests: readonly { readonly table: string; readonly digest?: string; readonly unread?: string }[]
  /** By name. */
  readonly extensions: Readonly<Record<string, string>>
}

const quoted = (name: string): string =>
  name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.')
/** Rows as text depend on these, whoever asks. */
const SETTINGS =
  "set timezone = 'UTC'; set datestyle = 'ISO, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 1; set bytea_output = 'hex'; set row_security = off; "
/** The sum of 60 bits of each row's MD5, which no order changes. For a person to run on the live database too. */
export const digestSql = (table: string): string =>
  `${SETTINGS}select count(*) || ':' || coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint), 0) from ${quoted(table)} t`

export const digestedTables = (drill: DrillFile): readonly string[] => [
  ...new Set([...(drill.checksum ?? []), ...Object.keys(drill.baseline?.checksums ?? {})]),
]

export async function postgresContents(drill: DrillFile, ask: Ask): Promise<Contents> {
  const digests: Contents['digests'][number][] = []
  for (const table of digestedTables(drill)) {
    const told = await ask(digestSql(table))
    const digest = typeof told === 'string' ? undefined : told[0]
    digests.push(digest === undefined ? { table, unread: typeof told === 'string' ? told : 'no answer' } : { table, digest })
  }
  const versions = await ask("select extname || ' ' || extversion from pg_extension where extname <> 'plpgsql' order by 1")
  return {
    digests,
    extensions:
      typeof versions === 'string' ? {} : Object.fromEntries(versions.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])),
  }
}

/** What psql, pg_restore and mariadb say went wrong, without what they quote of rows: PostgreSQL repeats values in messages, DETAIL, CONTEXT and LINE. */
import type { RestoreError } from './observation.ts'

/** Conditions whose messages quote names of objects and nothing else (PostgreSQL appendix A). */
const NAMES_ONLY: ReadonlySet<string> = new Set([
  '42P01',
  '42704',
  '42883',
  '42710',
  '42P07',
  '42P06',
  '42723',
  '42703',
  '3F000',
  '58P01',
  '0A000',
  '3D000',
  '42501',
  '23505',
  '23503',
  '23514',
  '42P16',
  '42809',
])
/** pg_restore does not show the SQLSTATE. */
const BY_MESSAGE: readonly (readonly [RegExp, string])[] = [
  [/^role ".*" does not exist/, '42704'],
  [/^(?:relation|table|view|index|sequence) ".*" does not exist/, '42P01'],
  [/^type ".*" does not exist/, '42704'],
  [/^(?:function|operator|procedure) .* does not exist/, '42883'],
  [/^(?:function|operator) .* is not unique/, '42725'],
  [/^schema ".*" does not exist/, '3F000'],
  [/^column .* does not exist/, '42703'],
  [/^(?:relation|index) ".*" already exists/, '42P07'],
  [/^role ".*" already exists/, '42710'],
  [/already exists/, '42710'],
  [/^duplicate key value|^could not create unique index/, '23505'],
  [/violates foreign key constraint/, '23503'],
  [/violates check constraint|is violated by some row/, '23514'],
  [/violates not-null constraint|contains null values/, '23502'],
  [/^extension ".*" is not available|could not open extension control file/, '0A000'],
  [/^invalid byte sequence/, '22021'],
  [/^invalid input syntax/, '22P02'],
  [/^permission denied/, '42501'],
  [/^unrecognized configuration parameter/, '42704'],
  [/^syntax error/, '42601'],
  [/^could not (?:extend|write).*No space left on device/, '53100'],
  [/^out of memory/, '53200'],
  [/^missing data for column|^extra data after last expected column/, '22P04'],
]
const MOST = 50

const plain = (state: string, message: string): string => {
  const said = message.replace(/\s+/g, ' ').trim().slice(0, 300)
  return NAMES_ONLY.has(state) && !/^key \(/i.test(said) ? said : said.replace(/"(?:[^"]|"")*"?/g, '"…"').replace(/'(?:[^']|'')*'?/g, "'…'")
}

/** Errors in the output of psql (VERBOSITY=verbose) and pg_restore, in English, grouped. */
export function postgresErrors(stderr: string): readonly RestoreError[] {
  const found = new Map<string, { sqlstate: string; message: string; count: number }>()
  const add = (sqlstate: string, message: string): void => {
    const shown = plain(sqlstate, message)
    const key = `${sqlstate} ${shown}`
    const known = found.get(key)
    if (known !== undefined) known.count += 1
    else if (found.size < MOST) found.set(key, { sqlstate, message: shown, count: 1 })
  }
  for (const line of stderr.split('\n')) {
    const verbose = /(?:ERROR|FATAL|PANIC): {2}([0-9A-Z]{5}): (.*)$/.exec(line)
    if (verbose !== null) {
      add(verbose[1] as string, verbose[2] as string)
      continue
    }
    const archive = /^pg_restore: error: (.*)$/.exec(line) ?? /^pg_restore: (?:from|while).*?error: (.*)$/.exec(line)
    if (archive !== null) {
      const inner = /ERROR: {2}(.*)$/.exec(archive[1] as string)?.[1]
      const message = inner ?? archive[1] ?? ''
      add(BY_MESSAGE.find(([pattern]) => pattern.test(message))?.[1] ?? 'XX000', message)
      continue
    }
    const bare = /^(?:psql|ERROR|FATAL)[^ ]*: (?:error|fatal): (.*)$/i.exec(line)
    if (bare !== null) add('08000', bare[1] as string)
  }
  return [...found.values()]
}

/** `ERROR 1064 (42000) at line 12: …` */
export function mysqlErrors(stderr: string): readonly RestoreError[] {
  const found = new Map<string, { sqlstate: string; message: string; count: number }>()
  for (const line of stderr.split('\n')) {
    const match = /^ERROR (\d+) \(([0-9A-Z]{5})\)(?: at line \d+)?: (.*)$/.exec(line)
    if (match === null) continue
    const message = `${match[1] as string}: ${(match[3] as string).slice(0, 300).replace(/'(?:[^']|'')*'?/g, "'…'")}`
    const known = found.get(message)
    if (known === undefined) found.set(message, { sqlstate: match[2] as string, message, count: 1 })
    else known.count += 1
  }
  return [...found.values()].slice(0, MOST)
}

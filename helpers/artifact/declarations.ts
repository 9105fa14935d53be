/**
 * What a PostgreSQL dump declares, by name: owners, grants, policies, triggers, definitions. Read once from the artifact and once from a dump of the
 * schema that was restored from it, both as pg_dump writes them, so that the two can be compared. Data are passed over unread.
 */
import type { Declarations } from './facts.ts'

// A quote that ends a name is not followed by one: read either way, a row of quotes would be tried in every way.
const PART = String.raw`(?:"(?:[^"]|"")*"(?!")|[\w$])+`
const NAME = String.raw`${PART}(?:\.${PART})*`
const OWNER = new RegExp(
  String.raw`^ALTER (TABLE|VIEW|MATERIALIZED VIEW|SEQUENCE|FOREIGN TABLE|FUNCTION|PROCEDURE|AGGREGATE|TYPE|DOMAIN|SCHEMA) (?:ONLY )?(.+?) OWNER TO (${NAME});$`,
)
const POLICY = new RegExp(`^CREATE POLICY (${NAME}) ON (${NAME})`)
const SECURITY = new RegExp(`^ALTER TABLE (?:ONLY )?(${NAME}) (ENABLE|FORCE) ROW LEVEL SECURITY;$`)
const TRIGGER = new RegExp(`^CREATE (?:CONSTRAINT )?TRIGGER (${NAME}) .*? ON (${NAME})`)
const TRIGGER_STATE = new RegExp(`^ALTER TABLE (?:ONLY )?(${NAME}) (DISABLE|ENABLE REPLICA|ENABLE ALWAYS) TRIGGER (${NAME});$`)
const CREATE = new RegExp(
  `^CREATE (?:UNLOGGED |UNIQUE |OR REPLACE )*(TABLE|INDEX|VIEW|MATERIALIZED VIEW|FUNCTION|PROCEDURE|AGGREGATE|TYPE|DOMAIN|SEQUENCE|FOREIGN TABLE) (?:IF NOT EXISTS )?(${NAME})`,
)
const ALTER = new RegExp(`^ALTER TABLE (?:ONLY )?(${NAME})$`)
const CONSTRAINT = new RegExp(`^\\s+ADD CONSTRAINT (${NAME})`)
const INLINE = new RegExp(`^ {4}CONSTRAINT (${NAME}) `)
const COLUMN = new RegExp(`^ {4}(${NAME}) [a-z"]`)
const RELATIONS: ReadonlySet<string> = new Set(['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'SEQUENCE', 'FOREIGN TABLE'])
/** How lines that are read begin: of rows there may be very many. */
const STARTS: ReadonlySet<number> = new Set(Buffer.from('ACGR '))
/** Lines longer than this are data. */
const LONGEST = 64 * 1024
const MARK = Buffer.from('\\.\n')
const END_OF_COPY = Buffer.from('\n\\.\n')

export interface DeclarationReader {
  write(chunk: Buffer): void
  end(): Declarations
}

/** Bounded memory: nothing but names is kept, and lines of data are never put together. */
export function declarationReader(): DeclarationReader {
  const found = {
    owners: new Set<string>(),
    grants: new Set<string>(),
    policies: new Set<string>(),
    triggers: new Set<string>(),
    definitions: new Set<string>(),
    notValid: new Set<string>(),
  }
  let rest = Buffer.alloc(0)
  let copying = false
  /** Nothing of the data was seen yet. */
  let fresh = false
  let dropping = false
  let table: string | undefined
  let columnsOf: string | undefined

  const line = (text: string): void => {
    if (text.startsWith('COPY ') && text.endsWith(' FROM stdin;')) {
      copying = true
      fresh = true
      return
    }
    if (columnsOf !== undefined) {
      const column = COLUMN.exec(text)?.[1]
      if (text.startsWith(')')) columnsOf = undefined
      else if (column === 'CONSTRAINT') {
        const name = INLINE.exec(text)?.[1]
        if (name !== undefined) found.definitions.add(`constraint ${name} of ${columnsOf}`)
      } else if (column !== undefined) found.definitions.add(`column ${columnsOf}.${column}`)
      return
    }
    if (text.startsWith('    ADD CONSTRAINT ') && table !== undefined) {
      const name = CONSTRAINT.exec(text)?.[1]
      if (name !== undefined) {
        found.definitions.add(`constraint ${name} of ${table}`)
        if (text.endsWith(' NOT VALID;')) found.notValid.add(`${name} of ${table}`)
      }
      return
    }
    table = undefined
    if (text.startsWith('ALTER ')) {
      const owner = OWNER.exec(text)
      if (owner !== null) {
        const kind = RELATIONS.has(owner[1] as string) ? 'relation' : (owner[1] as string).toLowerCase()
        if (owner[1] !== 'SCHEMA' || owner[2] !== 'public') found.owners.add(`${kind} ${owner[2] as string}: ${owner[3] as string}`)
        return
      }
      const security = SECURITY.exec(text)
      if (security !== null) found.policies.add(`row level security of ${security[1] as string}${security[2] === 'FORCE' ? ', forced' : ''}`)
      const state = TRIGGER_STATE.exec(text)
      if (state !== null) found.triggers.add(`${state[3] as string} on ${state[1] as string}: ${(state[2] as string).toLowerCase()}`)
      table = ALTER.exec(text)?.[1]
      return
    }
    if (text.startsWith('GRANT ') || text.startsWith('REVOKE ')) {
      if (text.endsWith(';') && !/ ON SCHEMA public /.test(text)) found.grants.add(text.slice(0, -1))
      return
    }
    if (!text.startsWith('CREATE ')) return
    const policy = POLICY.exec(text)
    if (policy !== null) return void found.policies.add(`policy ${policy[1] as string} on ${policy[2] as string}`)
    const trigger = TRIGGER.exec(text)
    if (trigger !== null) return void found.triggers.add(`${trigger[1] as string} on ${trigger[2] as string}`)
    const made = CREATE.exec(text)
    if (made === null) return
    const name = made[2] as string
    found.definitions.add(`${(made[1] as string).toLowerCase()} ${name}`)
    if (made[1] === 'TABLE' && text.endsWith('(')) columnsOf = name
  }

  return {
    write(chunk) {
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      for (;;) {
        if (copying) {
          // The mark stands on a line of its own; an empty table has it at once.
          if (fresh) {
            if (bytes.length - at < 3) break
            fresh = false
            if (bytes.subarray(at, at + 3).equals(MARK)) {
              at += 3
              copying = false
              continue
            }
          }
          const end = bytes.indexOf(END_OF_COPY, at)
          if (end === -1) {
            // What may be the beginning of the mark is kept.
            at = Math.max(at, bytes.length - 3)
            break
          }
          at = end + 4
          copying = false
          continue
        }
        const end = bytes.indexOf(0x0a, at)
        if (end === -1) {
          if (bytes.length - at > LONGEST) {
            dropping = true
            at = bytes.length
          }
          break
        }
        if (columnsOf === undefined && !STARTS.has(bytes[at] as number)) table = undefined
        else if (!dropping && end - at <= LONGEST) line(bytes.toString('utf8', at, end))
        dropping = false
        at = end + 1
      }
      bytes = bytes.subarray(at)
      rest = Buffer.from(bytes)
    },
    end() {
      if (rest.length > 0 && !copying && !dropping) line(rest.toString('utf8'))
      return found
    },
  }
}

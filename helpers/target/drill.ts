/** The `drill` of a backup: how it is restored into what is thrown away afterwards, and what the restored data must be. */
import { z } from 'zod'
import { path, status, text } from './words.ts'

const column = z.string().regex(/^(?:[A-Za-z_][\w$]*\.){1,2}[A-Za-z_][\w$]*$/, 'a column such as orders.created_at or public.orders.created_at')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const kebab = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case')

const query = z
  .strictObject({
    id: kebab.meta({ description: 'short name, for the report' }),
    sql: text('one SELECT with one scalar as its answer'),
    database: kebab.meta({ description: 'role of the file whose database is asked; default every database of the set' }).optional(),
    equals: scalar.meta({ description: 'the answer itself' }).optional(),
    min: z.number().meta({ description: 'the answer, at least this' }).optional(),
    max: z.number().meta({ description: 'the answer, at most this' }).optional(),
  })
  .refine(({ equals, min, max }) => equals !== undefined || min !== undefined || max !== undefined, 'a query without equals, min or max would accept anything')

const memory = z.string().regex(/^[1-9]\d*[mg]$/, 'such as 512m or 2g')
const program = z.array(z.string().min(1)).min(1)
const application = z
  .strictObject({
    image: text('image of the application, the one that is deployed'),
    command: program.meta({ description: 'what is started instead of what the image starts' }).optional(),
    env: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, 'a name such as DATABASE_URL'), z.string())
      .meta({
        description:
          'environment; {database.url}, .host, .port, .user, .password, .name of a role of the set, {secret:name} of `secrets`, {backup:KEY} of the restored .env are filled in',
      })
      .optional(),
    port: z.int().min(1).max(65_535).meta({ description: 'where it listens; no other server of the set has it' }),
    health: path.meta({ description: 'path that answers 200 to 399 once it is ready; default /' }).optional(),
    host: text('Host header of the requests; default localhost').optional(),
    bootSeconds: z.number().positive().max(3600).meta({ description: 'it may take so long until it is healthy; default 60' }).optional(),
    memory: memory.meta({ description: 'memory limit of its container; default 1g' }).optional(),
    ownInit: z
      .literal(true)
      .meta({ description: 'the image brings an init that must be process 1: then nothing but the next drill ends it should this one be killed' })
      .optional(),
    migrations: program.meta({ description: 'its own look at migrations, run inside: exit 0 says that none is pending' }).optional(),
    smoke: z
      .array(
        z.strictObject({
          id: kebab.meta({ description: 'short name, for the report' }),
          path: path.meta({ description: 'its path' }),
          status: status.meta({ description: 'default 200' }).optional(),
          contains: text('text that the answer contains').optional(),
        }),
      )
      .min(1)
      .meta({ description: 'pages that must work on the restored data; they are only read' })
      .optional(),
  })
  .meta({ description: 'booted on the restored data, beside its database and with no way out' })
const ONE_KEY = 'either `secret` (of `secrets`) or `backup` (of the restored .env)'
const ONE_WAY = 'either `sql` or `command`'
const secretsMatch = z
  .strictObject({
    id: kebab.meta({ description: 'short name, for the report' }),
    secret: text('name in `secrets` of the key under test').optional(),
    backup: text('key of the restored .env that holds it').optional(),
    sql: text("a SELECT that answers true where the key opens a stored value; :'secret' (PostgreSQL) or @secret (MySQL) is the key").optional(),
    database: kebab.meta({ description: 'role of the file whose database is asked' }).optional(),
    command: program.meta({ description: 'run in the booted application, which has the key in its env: exit 0 says that a stored value opens' }).optional(),
  })
  .refine(({ sql, command }) => (sql === undefined) !== (command === undefined), ONE_WAY)
  .refine(({ sql, secret, backup }) => sql === undefined || (secret === undefined) !== (backup === undefined), ONE_KEY)

export const drillSchema = z
  .strictObject({
    engine: z
      .enum(['auto', 'docker', 'native', 'embedded'])
      .meta({
        description:
          'where databases are restored: docker (containers), native (programs of this machine), embedded; default docker with an image, declared or of the version in the dump and on this machine, else native, else embedded',
      })
      .optional(),
    image: text('image of the database server, the one that runs live; default the official one of the version in the dump').optional(),
    images: z
      .strictObject({ postgres: text('image').optional(), mysql: text('image').optional(), redis: text('image').optional() })
      .meta({ description: 'images of a set with several servers; `image` is that of its SQL database' })
      .optional(),
    pull: z.enum(['never', 'missing']).meta({ description: 'whether an image that is not on this machine is fetched; default never' }).optional(),
    memory: memory.meta({ description: 'memory limit of a container; default 2g' }).optional(),
    cpus: z.number().positive().max(64).meta({ description: 'processors that a container may use' }).optional(),
    jobs: z.int().min(1).max(64).meta({ description: 'parallel jobs of pg_restore; default the smaller of cpus and 4' }).optional(),
    deadlineMinutes: z.number().positive().max(1440).meta({ description: 'everything is ended and removed then; default 60' }).optional(),
    minRows: z.record(z.string(), z.int().min(1)).meta({ description: 'table -> rows it must have at least' }).optional(),
    minKeys: z.int().min(1).meta({ description: 'keys that a restored Redis must have at least' }).optional(),
    heartbeat: z.array(column).min(1).meta({ description: 'columns of times that are always written: the newest must be close to the backup' }).optional(),
    heartbeatMinutes: z.number().positive().meta({ description: 'how much older than the backup the newest row may be; default 60' }).optional(),
    queries: z.array(query).min(1).meta({ description: 'what must hold in the restored data' }).optional(),
    writes: z
      .array(
        z.strictObject({
          id: kebab.meta({ description: 'short name, for the report' }),
          sql: text('an INSERT or UPDATE; it is rolled back'),
          database: kebab.meta({ description: 'role of the file whose database is written to; default every database of the set' }).optional(),
        }),
      )
      .min(1)
      .meta({ description: 'writes that must succeed; they are rolled back' })
      .optional(),
    references: z
      .array(z.strictObject({ from: column.meta({ description: 'column that points' }), to: column.meta({ description: 'column that it points to' }) }))
      .min(1)
      .meta({ description: 'columns that point to rows without a foreign key: every value must be found' })
      .optional(),
    migrations: z
      .strictObject({
        tool: z.enum(['prisma', 'alembic', 'payload', 'django', 'flyway', 'knex', 'drizzle', 'rails', 'typeorm']).meta({ description: 'what made them' }),
        dir: text('folder of the migrations in the repository, relative to this file').optional(),
        applied: z.array(z.string()).meta({ description: 'names that must be applied, where no folder is at hand' }).optional(),
        database: kebab.meta({ description: 'role of the file whose database has them; default every database of the set' }).optional(),
      })
      .meta({ description: 'which migrations the restored database must have' })
      .optional(),
    files: z
      .array(
        z.strictObject({
          table: text('table whose rows name files'),
          path: text('column with the path'),
          from: kebab.meta({ description: 'role of the archive, or of the member of an archive, that holds the files' }),
          database: kebab.meta({ description: 'role of the file whose database has the table; default whichever has it' }).optional(),
          root: text('folder within the archive that paths start from').optional(),
          bytes: text('column with the size').optional(),
          sha256: text('column with the digest').optional(),
          createdAt: text('column with the time the file was stored').optional(),
          sample: z.int().min(1).max(1_000_000).meta({ description: 'rows that are looked up; default 2000' }).optional(),
          orphanShare: z.number().min(0).max(1).meta({ description: 'share of files that no row names; default 0.1' }).optional(),
        }),
      )
      .min(1)
      .meta({ description: 'files that rows name: each must be in the restored set' })
      .optional(),
    application: application.optional(),
    secretsMatch: z.array(secretsMatch).min(1).meta({ description: 'keys without which stored data cannot be read: each must open some' }).optional(),
    requiredKeys: z.array(z.string().min(1)).min(1).meta({ description: 'keys that the restored .env must set' }).optional(),
    allowErrors: z
      .array(z.string().regex(/^[0-9A-Z]{5}$/, 'an SQLSTATE of five characters'))
      .meta({ description: 'errors of the restore that are known and harmless, by SQLSTATE' })
      .optional(),
    liveIdentifier: z
      .string()
      .regex(/^\d{10,20}$/, 'a system identifier (pg_controldata)')
      .meta({ description: 'system identifier of the live cluster: a drill in it would be stopped' })
      .optional(),
    baseline: z
      .strictObject({
        report: text('report.json of an earlier drill, relative to this file: what it found is compared with').optional(),
        rows: z.record(z.string(), z.int().min(0)).meta({ description: 'table -> rows of the source' }).optional(),
        checksums: z
          .record(z.string(), z.string().regex(/^\d+:\d+$/, 'rows:sum, as the command beside the verdict prints it'))
          .meta({ description: 'table -> digest of the source' })
          .optional(),
        extensions: z.record(z.string(), z.string()).meta({ description: 'extension -> version of the source' }).optional(),
        tolerancePercent: z.number().min(0).max(100).meta({ description: 'how far counts may be from those of the source; default 5' }).optional(),
        tolerances: z.record(z.string(), z.number().min(0)).meta({ description: 'table -> per cent, where another tolerance holds' }).optional(),
      })
      .refine(
        ({ report, rows, checksums, extensions }) => report !== undefined || rows !== undefined || checksums !== undefined || extensions !== undefined,
        'a baseline without report, rows, checksums or extensions says nothing',
      )
      .meta({ description: 'what the source or an earlier drill held' })
      .optional(),
    checksum: z.array(z.string().min(1)).min(1).meta({ description: 'tables whose content is digested, for this comparison and the next ones' }).optional(),
    history: text('folder with the reports of earlier drills, relative to this file').optional(),
    objectives: z
      .strictObject({
        rtoMinutes: z.number().positive().meta({ description: 'from the decision to usable data' }).optional(),
        rpoHours: z.number().positive().meta({ description: 'data that may be lost' }).optional(),
        humanOverheadMinutes: z.number().min(0).meta({ description: 'what people need before and after; default 0' }).optional(),
      })
      .meta({ description: 'how long a recovery may take, and how much may be lost' })
      .optional(),
  })
  .meta({ description: 'restored into what is thrown away afterwards (postproof drill); {} for everything that the artifact itself tells' })
export type DrillFile = z.output<typeof drillSchema>

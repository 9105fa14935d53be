/** The `drill` of a backup: how it is restored into what is thrown away afterwards, and what the restored data must be. */
import { z } from 'zod'
import { text } from './words.ts'

const column = z.string().regex(/^(?:[A-Za-z_][\w$]*\.){1,2}[A-Za-z_][\w$]*$/, 'a column such as orders.created_at or public.orders.created_at')
const scalar = z.union([z.string(), z.number(), z.boolean()])
const kebab = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case')

const query = z
  .strictObject({
    id: kebab,
    sql: text('one SELECT with one scalar as its answer'),
    database: kebab.meta({ description: 'role of the file whose database is asked; default every database of the set' }).optional(),
    equals: scalar.optional(),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine(({ equals, min, max }) => equals !== undefined || min !== undefined || max !== undefined, 'a query without equals, min or max would accept anything')

export const drillSchema = z
  .strictObject({
    engine: z
      .enum(['auto', 'docker', 'native', 'embedded'])
      .meta({
        description:
          'where databases are restored: docker (needs image), native (programs of this machine), embedded; default docker with an image, else native, else embedded',
      })
      .optional(),
    image: text('image of the database server, the one that runs live; it must be on this machine').optional(),
    memory: z
      .string()
      .regex(/^[1-9]\d*[mg]$/, 'such as 512m or 2g')
      .meta({ description: 'memory limit of the container; default 2g' })
      .optional(),
    cpus: z.number().positive().max(64).optional(),
    jobs: z.int().min(1).max(64).meta({ description: 'parallel jobs of pg_restore; default the smaller of cpus and 4' }).optional(),
    deadlineMinutes: z.number().positive().max(1440).meta({ description: 'everything is ended and removed then; default 60' }).optional(),
    minRows: z.record(z.string(), z.int().min(1)).meta({ description: 'table -> rows it must have at least' }).optional(),
    minKeys: z.int().min(1).meta({ description: 'keys that a restored Redis must have at least' }).optional(),
    heartbeat: z.array(column).min(1).meta({ description: 'columns of times that are always written: the newest must be close to the backup' }).optional(),
    heartbeatMinutes: z.number().positive().meta({ description: 'how much older than the backup the newest row may be; default 60' }).optional(),
    queries: z.array(query).min(1).meta({ description: 'what must hold in the restored data' }).optional(),
    writes: z
      .array(z.strictObject({ id: kebab, sql: text('an INSERT or UPDATE; it is rolled back'), database: kebab.optional() }))
      .min(1)
      .meta({ description: 'writes that must succeed; they are rolled back' })
      .optional(),
    references: z
      .array(z.strictObject({ from: column, to: column }))
      .min(1)
      .meta({ description: 'columns that point to rows without a foreign key: every value must be found' })
      .optional(),
    migrations: z
      .strictObject({
        tool: z.enum(['prisma', 'alembic', 'payload', 'django', 'flyway', 'knex', 'drizzle', 'rails', 'typeorm']),
        dir: text('folder of the migrations in the repository, relative to this file').optional(),
        applied: z.array(z.string()).meta({ description: 'names that must be applied, where no folder is at hand' }).optional(),
      })
      .optional(),
    files: z
      .array(
        z.strictObject({
          table: text('table whose rows name files'),
          path: text('column with the path'),
          from: kebab.meta({ description: 'role of the archive, or of the member of an archive, that holds the files' }),
          root: text('folder within the archive that paths start from').optional(),
          bytes: text('column with the size').optional(),
          sha256: text('column with the digest').optional(),
          createdAt: text('column with the time the file was stored').optional(),
          sample: z.int().min(1).max(1_000_000).meta({ description: 'rows that are looked up; default 2000' }).optional(),
          orphanShare: z.number().min(0).max(1).meta({ description: 'share of files that no row names; default 0.1' }).optional(),
        }),
      )
      .min(1)
      .optional(),
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
    objectives: z
      .strictObject({
        rtoMinutes: z.number().positive().meta({ description: 'from the decision to usable data' }).optional(),
        rpoHours: z.number().positive().meta({ description: 'data that may be lost' }).optional(),
        humanOverheadMinutes: z.number().min(0).meta({ description: 'what people need before and after; default 0' }).optional(),
      })
      .optional(),
  })
  .meta({ description: 'restored into what is thrown away afterwards (postproof drill); {} for everything that the artifact itself tells' })
export type DrillFile = z.output<typeof drillSchema>

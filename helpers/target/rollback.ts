/** `rollback`: how a deployment is taken back, rehearsed in a place of the drill's own and nowhere else. */
import { z } from 'zod'
import { text, path, status } from './words.ts'

const kebab = z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case')
const program = z
  .array(z.string().min(1))
  .min(1)
  .meta({ description: 'a program and its words; {port} is the port that the drill gives, {folder} its folder. No shell reads them' })

const request = z
  .strictObject({
    path: path.meta({ description: 'asked at 127.0.0.1 and the port that the drill gives ({port}, PORT), nowhere else' }),
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']).meta({ description: 'default GET' }).optional(),
    json: z.unknown().meta({ description: 'body of the request' }).optional(),
    status: status.meta({ description: 'status that is right; default 200' }).optional(),
    contains: text('text that the answer contains').optional(),
  })
  .meta({ description: 'a request to the application in the place of the drill' })

const ways = {
  name: kebab.meta({ description: 'short name, for the report' }),
  run: program.optional(),
  request: request.optional(),
  timeoutSeconds: z.number().positive().max(3600).meta({ description: 'it is ended then; default 60' }).optional(),
}
const ONE_WAY = 'either `run` or `request`'
const oneWay = ({ run, request: asked }: { readonly run?: unknown; readonly request?: unknown }): boolean => (run === undefined) !== (asked === undefined)

const step = z
  .strictObject({
    ...ways,
    background: z.boolean().meta({ description: 'a server: it goes on while the next steps run' }).optional(),
    needs: z.literal('database').meta({ description: 'it works on the running database, which `database.up` tells' }).optional(),
  })
  .refine(oneWay, ONE_WAY)
const proof = z
  .strictObject({
    ...ways,
    contains: text('text that the output of `run` contains').optional(),
    withinSeconds: z.number().positive().max(600).meta({ description: 'it may take so long until it holds; default 10' }).optional(),
  })
  .refine(oneWay, ONE_WAY)

export const rollbackSchema = z
  .strictObject({
    folder: text('what is deployed, relative to this file; the drill works on a copy of it').optional(),
    native: z.literal(true).meta({
      description: 'the steps run as programs of this machine, in the folder of the drill, without the environment of whoever drills, and not as root',
    }),
    shell: z.boolean().meta({ description: 'steps may start a shell; default false' }).optional(),
    env: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, 'a name such as APP_MODE'), z.string())
      .meta({ description: 'environment of the steps beside PATH, HOME and PORT' })
      .optional(),
    prepare: z.array(step).min(1).meta({ description: 'what makes the state before the deployment: the previous version runs' }).optional(),
    deploy: z
      .strictObject({
        steps: z.array(step).min(1).meta({ description: 'what is done, in order' }),
        verify: z.array(proof).min(1).meta({ description: 'what must hold afterwards: the new version answers' }),
        limitSeconds: z.number().positive().max(86_400).meta({ description: 'it may take so long; default 300' }).optional(),
      })
      .meta({ description: 'the deployment that is taken back' }),
    levels: z
      .array(
        z.strictObject({
          level: z.enum(['immediate', 'database', 'full']).meta({ description: 'immediate: the version alone; database: the data too; full: everything' }),
          steps: z.array(step).min(1).meta({ description: 'what takes it back, in order' }),
          verify: z.array(proof).min(1).meta({ description: 'what must hold afterwards: the previous version answers, with its data' }),
          limitSeconds: z.number().positive().max(86_400).meta({ description: 'it may take so long; default 300' }).optional(),
        }),
      )
      .min(1)
      .refine((levels) => new Set(levels.map(({ level }) => level)).size === levels.length, 'each level once')
      .meta({ description: 'ways back, from the quickest to the whole' }),
    probe: z
      .strictObject({
        request,
        everyMs: z.int().min(10).max(60_000).meta({ description: 'default 250' }).optional(),
        maxGapSeconds: z.number().positive().meta({ description: 'longest time without a right answer, deploying or rolling back; default 300' }).optional(),
      })
      .meta({ description: 'asked all the time: its longest gap is the downtime' })
      .optional(),
    environment: z
      .strictObject({
        file: text('file that the rollback puts back, within the folder; default .env.backup').optional(),
        requiredKeys: z.array(z.string().min(1)).min(1).meta({ description: 'keys that it must set' }).optional(),
        like: text('file whose keys it must set too, such as .env.example').optional(),
      })
      .meta({ description: 'the environment that a rollback returns to' })
      .optional(),
    database: z
      .strictObject({ up: program.meta({ description: 'ends with 0 while the database answers, such as [pg_isready]' }) })
      .meta({ description: 'the database that steps with `needs: database` work on' })
      .optional(),
    backup: text('id in `backups`: what the deployment script saves before it begins; it must be drilled').optional(),
    deadlineMinutes: z.number().positive().max(1440).meta({ description: 'each level is ended then; default 15' }).optional(),
  })
  .meta({ description: 'how a deployment is taken back: rehearsed on a copy (postproof drill), with the consent `drill`' })
export type RollbackFile = z.output<typeof rollbackSchema>
export type RollbackStep = RollbackFile['deploy']['steps'][number]
export type RollbackProof = RollbackFile['deploy']['verify'][number]

type Path = readonly (string | number)[]
type Add = (path: Path, message: string, more?: { readonly key?: string; readonly hint?: string }) => void
const SHELLS = /^(?:sh|bash|dash|zsh|ksh|fish|ash|busybox)$/
/** They act on the machine, or on others, wherever they are started: refused in a declaration, and found refusing by whatever a rehearsal starts. */
export const ACT_BEYOND: readonly string[] = [
  'docker',
  'docker-compose',
  'podman',
  'nerdctl',
  'kubectl',
  'helm',
  'ssh',
  'scp',
  'sftp',
  'rsync',
  'systemctl',
  'service',
  'sudo',
  'su',
  'doas',
  'reboot',
  'shutdown',
  'crontab',
  'nsenter',
]

/** What a rehearsal cannot do, and names that lead nowhere. */
export function rollbackProblems(
  target: {
    readonly rollback?: RollbackFile | undefined
    readonly backups?:
      | readonly { readonly id: string; readonly drill?: unknown; readonly notifications?: { readonly run: readonly string[] } | undefined }[]
      | undefined
  },
  add: Add,
): void {
  const { rollback } = target
  const confined = (at: Path, argv: readonly string[] | undefined): string => {
    const name = argv?.[0]?.split('/').at(-1) ?? ''
    if (ACT_BEYOND.includes(name))
      add([...at, 0], `${name} acts on the whole machine or on another one, and a rehearsal on its own folder alone`, {
        hint: 'rehearse what it would start, as a program of its own',
      })
    return name
  }
  target.backups?.forEach(({ notifications }, index) => confined(['backups', index, 'notifications', 'run'], notifications?.run))
  if (rollback === undefined) return
  const look = (at: Path, argv: readonly string[] | undefined): void => {
    const name = confined(at, argv)
    if (SHELLS.test(name) && rollback.shell !== true) add([...at, 0], `${name} is a shell, and none is allowed`, { hint: 'shell: true allows it' })
  }
  const parts: readonly (readonly [Path, readonly (RollbackStep | RollbackProof)[] | undefined])[] = [
    [['rollback', 'prepare'], rollback.prepare],
    [['rollback', 'deploy', 'steps'], rollback.deploy.steps],
    [['rollback', 'deploy', 'verify'], rollback.deploy.verify],
    ...rollback.levels.flatMap(
      ({ steps, verify }, index) =>
        [[['rollback', 'levels', index, 'steps'], steps] as const, [['rollback', 'levels', index, 'verify'], verify] as const] as const,
    ),
  ]
  for (const [at, list] of parts)
    list?.forEach((one, index) => {
      look([...at, index, 'run'], one.run)
      if ('background' in one && one.background === true && one.run === undefined)
        add([...at, index, 'background'], 'a request does not go on in the background', { hint: 'leave `background` out, or `run` a program' })
      if ('needs' in one && one.needs !== undefined && rollback.database === undefined)
        add([...at, index, 'needs'], 'nothing tells whether the database is up', { hint: 'rollback.database: { up: [pg_isready] }' })
    })
  look(['rollback', 'database', 'up'], rollback.database?.up)
  const { backup } = rollback
  if (backup === undefined) return
  const found = target.backups?.find(({ id }) => id === backup)
  if (found === undefined)
    add(['rollback', 'backup'], `backups has no ${JSON.stringify(backup)}`, {
      hint: `declared: ${(target.backups ?? []).map(({ id }) => id).join(', ') || 'none'}`,
    })
  else if (found.drill === undefined) add(['rollback', 'backup'], `the backup ${backup} is not drilled`, { hint: 'drill: {} in that backup' })
}

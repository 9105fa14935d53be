/** How a backup script tells what became of it: run twice in a place of the drill's own, once with a failure provoked. */
import { z } from 'zod'
import { text } from './words.ts'

export const notificationsSchema = z
  .strictObject({
    native: z.literal(true).meta({ description: 'it runs as a program of this machine, in the folder of the drill, and not as root' }),
    run: z.array(z.string().min(1)).min(1).meta({ description: 'the backup script and its words; {notify} is where it tells, {folder} its folder' }),
    folder: text('what it works on, relative to this file; the drill works on a copy of it').optional(),
    env: z.record(z.string(), z.string()).meta({ description: 'environment beside PATH, HOME and NOTIFY_URL; {notify} is replaced' }).optional(),
    failing: z
      .record(z.string(), z.string())
      .refine((env) => Object.keys(env).length > 0, 'nothing that differs provokes no failure')
      .meta({ description: 'environment with which it must fail, such as DATABASE_URL: postgres://127.0.0.1:1/none' }),
    timeoutSeconds: z.number().positive().max(3600).meta({ description: 'it is ended then; default 60' }).optional(),
  })
  .meta({ description: 'success and failure of the script must be told by an HTTP request to {notify}; with the consent `drill`' })
export type NotificationsFile = z.output<typeof notificationsSchema>

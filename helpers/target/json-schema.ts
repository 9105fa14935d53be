/** The target's JSON Schema for editors (draft 2020-12): `# yaml-language-server: $schema=…` or the `$schema` key. */
import { z } from 'zod'
import { targetSchema } from './schema.ts'

export function targetJsonSchema(): Record<string, unknown> {
  return {
    title: 'postproof target',
    description: 'What a deployment must be, judged from outside by postproof.',
    ...(z.toJSONSchema(targetSchema, { target: 'draft-2020-12', io: 'input' }) as Record<string, unknown>),
  }
}

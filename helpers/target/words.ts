/** The values that the target file is made of. */
import { z } from 'zod'

export const text = (meta: string) => z.string().min(1).meta({ description: meta })
export const list = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)])
export const status = z
  .union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
  .meta({ description: 'the status that is right, or several' })
export const port = z.int().min(1).max(65535).meta({ description: 'a port' })
export const hostName = z
  .string()
  .regex(
    /^(?:@|(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*)$/,
    'a label below the domain (api, a.b), or "@" for the domain itself',
  )
  .meta({ description: 'a host by its labels below the domain; "@" is the domain itself' })
export const absoluteUrl = z
  .string()
  .regex(/^(?:https?|wss?):\/\/[^\s/]+/, 'an absolute http(s) or ws(s) URL')
  .meta({ description: 'an absolute URL; {domain} is replaced by the domain' })
export const webUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/]+/, 'an absolute http(s) URL')
  .meta({ description: 'an absolute URL; {domain} is replaced by the domain' })
export const path = z
  .string()
  .regex(/^\/[^\s]*$/, 'a path that starts with "/"')
  .meta({ description: 'a path, with its leading slash' })
export const stated = (value: object): boolean => Object.keys(value).length > 0
export const NOT_STATED = 'an empty expectation would accept anything'

const scalar = z.union([z.string(), z.number(), z.boolean()])
/** How a value must be: the plain form means equality. All given keys must hold. */
export const matcher = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z
    .strictObject({
      equals: scalar.meta({ description: 'the value itself' }).optional(),
      oneOf: z.array(scalar).min(1).meta({ description: 'one of these values' }).optional(),
      min: z.number().meta({ description: 'a number, at least this' }).optional(),
      max: z.number().meta({ description: 'a number, at most this' }).optional(),
      regex: z.string().meta({ description: 'text that this regular expression matches' }).optional(),
      contains: z.string().meta({ description: 'text that contains this' }).optional(),
      present: z.boolean().meta({ description: 'true: it must be there, whatever it is' }).optional(),
      absent: z.boolean().meta({ description: 'true: it must not be there' }).optional(),
      type: z.enum(['string', 'number', 'boolean', 'object', 'array', 'null']).meta({ description: 'JSON type of the value' }).optional(),
    })
    .refine(stated, NOT_STATED),
])
export type Matcher = z.infer<typeof matcher>
/** References only: a literal secret in the file is an error (`literal-secret`). */
export const secretReference = z.string().regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'a reference: env:NAME or file:/path')

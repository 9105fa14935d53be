/** The values that the target file is made of. */
import { z } from 'zod'

export const text = (meta: string) => z.string().min(1).meta({ description: meta })
export const list = <T extends z.ZodType>(item: T) => z.union([item, z.array(item)])
export const status = z.union([z.int().min(100).max(599), z.array(z.int().min(100).max(599)).min(1)])
export const port = z.int().min(1).max(65535)
export const hostName = z
  .string()
  .regex(
    /^(?:@|(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*)$/,
    'a label below the domain (api, a.b), or "@" for the domain itself',
  )
export const absoluteUrl = z.string().regex(/^(?:https?|wss?):\/\/[^\s/]+/, 'an absolute http(s) or ws(s) URL')
export const webUrl = z.string().regex(/^https?:\/\/[^\s/]+/, 'an absolute http(s) URL')
export const path = z.string().regex(/^\/[^\s]*$/, 'a path that starts with "/"')
export const stated = (value: object): boolean => Object.keys(value).length > 0
export const NOT_STATED = 'an empty expectation would accept anything'
/** References only: a literal secret in the file is an error (`literal-secret`). */
export const secretReference = z.string().regex(/^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'a reference: env:NAME or file:/path')

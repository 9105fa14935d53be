/** How probes that act are told to sign in, in the target file. */
import { z } from 'zod'
import { text, webUrl } from './words.ts'

/** Values may hold {secret:name}: the name of an entry of `secrets`. */
export const signIn = z
  .union([
    z.strictObject({ bearerFrom: text('name in secrets: sent as Authorization: Bearer') }),
    z.strictObject({ header: text('request header'), from: text('name in secrets: its value') }),
    z.strictObject({ cookie: text('cookie'), from: text('name in secrets: its value') }),
    z.strictObject({ username: text('user of basic authentication'), passwordFrom: text('name in secrets') }),
    z.strictObject({
      login: z
        .strictObject({
          url: webUrl.meta({ description: 'where the login goes; {domain} is replaced by the domain' }),
          json: z.record(z.string(), z.string()).meta({ description: 'fields sent as JSON; {secret:name} is filled in' }).optional(),
          form: z.record(z.string(), z.string()).meta({ description: 'fields sent as a form; {secret:name} is filled in' }).optional(),
          bearer: text('JSON path of the access token in the answer; left out: its cookies are the session').optional(),
        })
        .meta({ description: 'a request whose answer is the session' }),
    }),
  ])
  .meta({ description: 'how to sign in: by a token, a header, a cookie, basic authentication or a login request' })
export type SignIn = z.output<typeof signIn>

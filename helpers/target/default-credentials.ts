/** The part of the target file about passwords that everybody knows. */
import { z } from 'zod'
import { path, status, text, webUrl } from './words.ts'

const answer = z.strictObject({
  status: status.meta({ description: 'its status, or several' }).optional(),
  bodyRegex: text('regular expression found in the body').optional(),
})
const login = z.strictObject({
  path: path.meta({ description: 'where the sign-in request goes' }),
  json: z.record(z.string(), z.string()).meta({ description: 'fields sent as JSON; {username} and {password} are filled in' }).optional(),
  form: z.record(z.string(), z.string()).meta({ description: 'fields sent as a form; {username} and {password} are filled in' }).optional(),
  accepted: answer.meta({ description: 'what a right password is answered with' }),
  refused: answer.meta({ description: 'what a wrong password is answered with' }),
  tokenRegex: text('its first group, found in the answer, is the bearer token of the session').optional(),
  proof: answer
    .extend({ path: path.meta({ description: 'its path' }) })
    .meta({ description: 'a page that only a session sees: an answer that looks like success proves nothing' }),
})
const service = {
  url: webUrl.meta({ description: 'where it answers; {domain} is replaced by the domain' }),
  product: text('what it is (grafana, gitea, n8n …); left out: found by its start page').optional(),
  login: login.meta({ description: 'how to sign in, where the product is not known' }).optional(),
}
export const defaultCredentials = z
  .strictObject({
    services: z
      .array(z.strictObject({ ...service, registration: z.enum(['open', 'closed']).meta({ description: 'open: strangers may open accounts' }).optional() }))
      .meta({ description: 'services behind a login, or that should be' })
      .optional(),
    discover: z.boolean().meta({ description: 'look at every host for products that are known; default true' }).optional(),
    seeds: z
      .array(
        z.strictObject({
          ...service,
          username: text('account of a demonstration, a seed or an example file, which must not work'),
          passwordFrom: text('name in secrets'),
        }),
      )
      .min(1)
      .meta({ description: 'accounts of demonstrations and seeds that must not work' })
      .optional(),
  })
  .meta({ description: 'passwords that everybody knows, installers that nobody has claimed, services without any login; needs the consent `login`' })

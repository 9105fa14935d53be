/** How people and programs sign in: one flow for each kind of login. Secrets are named, never written. */
import { z } from 'zod'
import { hostName, path, status, text, webUrl } from './words.ts'

const secretName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'a name in `secrets`')
  .meta({ description: 'name of an entry of secrets; never the value' })
/** Where a value stands in an answer. */
const place = z
  .string()
  .regex(/^(?:\$[.[].*|cookie:[^\s=;,]+|header:[A-Za-z0-9-]+)$/, 'a place: $.path in the JSON answer, cookie:name or header:name')
  .meta({ description: 'where it stands in the answer: $.path in JSON, cookie:name or header:name' })
const seconds = z.number().min(0)
const method = z
  .enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])
  .meta({ description: 'method of the request; default POST with a body, GET without' })

/** A request with blanks. */
const call = {
  url: webUrl.meta({ description: '{domain} is replaced by the domain' }),
  method: method.optional(),
  json: z
    .record(z.string(), z.unknown())
    .meta({ description: 'JSON body; {username} {password} {newPassword} {accessToken} {refreshToken} {random} are filled in' })
    .optional(),
  form: z.record(z.string(), z.string()).meta({ description: 'form body, with the same blanks' }).optional(),
  headers: z.record(z.string(), z.string()).meta({ description: 'further request headers, with the same blanks' }).optional(),
  status: status.meta({ description: 'statuses of success; default any 2xx, for forms also a redirect' }).optional(),
}

const account = z.strictObject({
  username: secretName,
  password: secretName,
  role: text('a word that `protected[].roles` uses; left out: an ordinary user').optional(),
})

const route = z.strictObject({
  url: webUrl.meta({ description: 'what only a login sees; {domain} is replaced by the domain' }),
  method: method.optional(),
  json: z.record(z.string(), z.unknown()).meta({ description: 'body as JSON' }).optional(),
  status: status.meta({ description: 'with a login; default 200' }).optional(),
  anonymous: status.meta({ description: 'without one; default 401, 403, or a redirect to the login where it is a page' }).optional(),
  roles: z.record(z.string(), status).meta({ description: 'by role of an account, what it answers; `user` is an account without a role' }).optional(),
})

const flow = z.strictObject({
  name: text('distinguishes flows; default the kind').optional(),
  kind: z
    .enum(['jwt', 'session', 'apiKey', 'oauth2'])
    .meta({ description: 'what a login gives: a token (jwt), a cookie (session); or programs sign in by a key (apiKey) or as a client (oauth2)' }),
  login: z
    .strictObject({
      ...call,
      page: path.meta({ description: 'the page with the form, visited before as browsers do' }).optional(),
      accessToken: place.optional(),
      refreshToken: place.optional(),
      cookie: text('name of the session cookie').optional(),
      origin: z.string().meta({ description: 'an origin whose pages may log in across origins' }).optional(),
    })
    .meta({ description: 'how people sign in: the request, and where the login stands in its answer' })
    .optional(),
  refresh: z
    .strictObject({
      ...call,
      accessToken: place.optional(),
      refreshToken: place.optional(),
      rotation: z.boolean().meta({ description: 'false: confidential clients, whose refresh tokens stay' }).optional(),
      graceSeconds: seconds.max(3600).meta({ description: 'how long a used refresh token may be used once more; default 60' }).optional(),
      marginSeconds: seconds.max(60).meta({ description: 'waited beyond the grace before it is used again; default 5' }).optional(),
      absoluteSeconds: seconds.meta({ description: 'after so long a login ends however often it is refreshed' }).optional(),
    })
    .meta({ description: 'how a login is renewed by its refresh token' })
    .optional(),
  logout: z
    .strictObject({ ...call, within: seconds.max(60).meta({ description: 'seconds until it must have effect; default 5' }).optional() })
    .meta({ description: 'ends the session, with all that it opened' })
    .optional(),
  forgot: z.strictObject(call).meta({ description: 'asks for a new password; sends mail, so it needs the consent `mail`' }).optional(),
  register: z.strictObject(call).meta({ description: 'makes a throw-away account; needs the consent `write`' }).optional(),
  remove: z.strictObject(call).meta({ description: 'removes the account that asks for it' }).optional(),
  changePassword: z.strictObject(call).meta({ description: 'sets another password for the account that asks for it' }).optional(),
  accounts: z.array(account).min(1).meta({ description: 'accounts made for this; the first is used for everything but roles' }).optional(),
  attempts: z.int().min(1).max(20).meta({ description: 'wrong passwords that one account may see in a run; default 2' }).optional(),
  failureStatus: status.meta({ description: 'what a refused login answers; default 400, 401, 403, 422' }).optional(),
  protected: z.array(route).meta({ description: 'what a login opens, and nothing else' }).optional(),
  token: z
    .strictObject({
      lifetimeSeconds: seconds.meta({ description: 'longest life of an access token; default 3600' }).optional(),
      leewaySeconds: seconds.max(300).meta({ description: 'clock tolerance of who checks it; default 60' }).optional(),
      waitSeconds: seconds.max(900).meta({ description: 'waits so long for a token to expire; default 30' }).optional(),
      expired: secretName.meta({ description: 'a token of this issuer that has expired' }).optional(),
      foreign: secretName.meta({ description: 'a valid token of the same issuer for another audience' }).optional(),
      idToken: place.meta({ description: 'where the login answers an ID token' }).optional(),
      issuer: z.string().meta({ description: 'what iss must say' }).optional(),
      audience: z.string().meta({ description: 'what aud must hold' }).optional(),
      jwks: webUrl.meta({ description: 'where the public keys of the issuer are' }).optional(),
      canary: z
        .strictObject({
          address: z
            .string()
            .regex(/^[0-9A-Fa-f.:]+$/, 'an IP address of this machine')
            .meta({ description: 'address of this machine that the target can reach; for the run somebody listens there' }),
          port: z.int().min(1).max(65535).meta({ description: 'default any free one' }).optional(),
        })
        .meta({ description: 'tokens name it as the place of their key: whether anybody fetches it is seen here' })
        .optional(),
      claims: z.array(z.string()).meta({ description: 'claims that must be there' }).optional(),
    })
    .meta({ description: 'what access tokens must be like' })
    .optional(),
  passwordPolicy: z
    .strictObject({
      minLength: z.int().min(1).max(128).meta({ description: 'characters that a password must have at least' }).optional(),
      lower: z.boolean().meta({ description: 'a small letter is demanded' }).optional(),
      upper: z.boolean().meta({ description: 'a capital letter is demanded' }).optional(),
      digit: z.boolean().meta({ description: 'a digit is demanded' }).optional(),
      symbol: z
        .union([z.boolean(), z.string().min(1)])
        .meta({ description: 'true, or the symbols that count' })
        .optional(),
      refused: status.meta({ description: 'default 400, 422' }).optional(),
      endpoints: z
        .array(z.strictObject(call))
        .min(1)
        .meta({ description: 'every end point that sets a password, as {newPassword}; needs the consent `write`' }),
    })
    .meta({ description: 'what passwords must be like, at every end point that sets one' })
    .optional(),
  csrf: z
    .strictObject({
      ...call,
      token: place.meta({ description: 'where the token stands in the answer of `from`' }),
      from: webUrl.meta({ description: 'the page or route that gives the token' }),
      header: text('header that carries it').optional(),
      field: text('field that carries it').optional(),
      refused: status.meta({ description: 'default 403' }).optional(),
    })
    .meta({ description: 'a change of state that is harmless; needs the consent `write`' })
    .optional(),
  invalid: z.array(z.strictObject(call)).meta({ description: 'malformed requests, which must be refused with 400 or 422' }).optional(),
  allowList: z
    .array(z.strictObject({ url: webUrl, status: status.meta({ description: 'of the refusal; default 403, 404' }).optional() }))
    .meta({ description: 'routes for listed addresses alone, of which this vantage is none' })
    .optional(),
  dead: z
    .array(
      z.strictObject({ key: secretName, header: text('default Authorization, as Bearer').optional(), url: webUrl.meta({ description: 'what it opened' }) }),
    )
    .meta({ description: 'credentials that must no longer work: bootstrap tokens, revoked keys' })
    .optional(),
  apiKey: z
    .strictObject({
      header: text('header that carries it; default X-Api-Key').optional(),
      scheme: text('word before it, such as Bearer').optional(),
      key: secretName,
      parameter: text('query parameter in which it must not work; default api_key').optional(),
    })
    .meta({ description: 'a key that programs send, of kind apiKey' })
    .optional(),
  client: z
    .strictObject({
      tokenUrl: webUrl.meta({ description: 'token end point' }),
      id: secretName,
      secret: secretName.optional(),
      scope: z.string().meta({ description: 'scopes that are asked for, separated by spaces' }).optional(),
      authorizeUrl: webUrl.meta({ description: 'authorization end point' }).optional(),
      redirectUri: z.string().meta({ description: 'a redirect URI that is registered for the client' }).optional(),
      start: webUrl.meta({ description: 'where the application begins a login: it redirects to the provider' }).optional(),
      login: z
        .strictObject(call)
        .meta({ description: 'how the first of accounts signs in at the provider; its cookies are the session. With it, codes are asked for and redeemed' })
        .optional(),
    })
    .meta({ description: 'a client of kind oauth2: by its own secret, and with `login` also by codes of people' })
    .optional(),
})

export const auth = z.union([flow, z.array(flow).min(1)])
export type AuthFlow = z.output<typeof flow>
export type AuthCall = Pick<NonNullable<AuthFlow['logout']>, 'url' | 'method' | 'json' | 'form' | 'headers' | 'status'>
export type AuthRoute = z.output<typeof route>

const gateway = z.strictObject({
  hosts: z.array(hostName).min(1).meta({ description: 'hosts behind the login; default those with access forwardAuth' }).optional(),
  login: z.array(z.string()).min(1).meta({ description: 'where anonymous visitors are sent: https://auth.{domain}/*' }),
  status: status.meta({ description: 'of that redirect; default 302, 303, 307' }).optional(),
  returnParameter: text('parameter of the login that names the page to go back to; default rd').optional(),
  paths: z.array(path).meta({ description: 'paths to look at beside the document: static files, API routes, health' }).optional(),
  publicPaths: z.array(path).meta({ description: 'paths that need no login' }).optional(),
  websocket: path.meta({ description: 'path of a WebSocket behind the login; default that of `live` of the host' }).optional(),
  identityHeaders: z.array(z.string()).meta({ description: 'headers by which the application knows who it is' }).optional(),
  echo: path.meta({ description: 'a path whose answer shows the identity headers that arrived' }).optional(),
  signIn: z
    .strictObject({
      ...call,
      account: account.meta({ description: 'who signs in' }),
      cookie: text('name of the cookie of the login'),
      domain: z.string().meta({ description: 'Domain attribute of the cookie' }).optional(),
    })
    .meta({ description: 'how somebody signs in at the provider' })
    .optional(),
  signOut: z.strictObject(call).meta({ description: 'ends the session' }).optional(),
  outsider: account.meta({ description: 'an account without the group that the hosts ask for' }).optional(),
  closed: z.array(webUrl).meta({ description: 'set-up pages that must no longer be there' }).optional(),
  discovery: webUrl.meta({ description: 'OpenID discovery document of the provider' }).optional(),
  upstreams: z
    .array(
      z.strictObject({
        host: hostName,
        address: z.string().meta({ description: 'its address' }),
        port: z.int().min(1).max(65535).meta({ description: 'its port' }),
      }),
    )
    .meta({ description: 'addresses behind the login, which must not be reachable' })
    .optional(),
  providerStopped: z.boolean().meta({ description: 'the provider is stopped right now, for a drill: everything must be closed' }).optional(),
})

export const forwardAuth = z.union([gateway, z.array(gateway).min(1)])
export type Gateway = z.output<typeof gateway>

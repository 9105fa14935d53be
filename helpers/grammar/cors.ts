/** Reads the response headers of the CORS protocol as a browser does (Fetch, "CORS protocol"). */

type RawHeaders = readonly (readonly [name: string, value: string])[]

export interface CorsHeaders {
  /** Access-Control-Allow-Origin as sent, one entry per header line. A browser needs exactly one. */
  readonly origins: readonly string[]
  /** Exactly `true`, once; anything else means no. */
  readonly credentials: boolean
  readonly credentialsRaw: readonly string[]
  /** Method tokens as sent: methods are case-sensitive. Undefined where the header is absent. */
  readonly methods?: readonly string[]
  /** Header names in lower case. Undefined where the header is absent. */
  readonly headers?: readonly string[]
  /** Names of Access-Control-Expose-Headers in lower case. Undefined where the header is absent. */
  readonly exposed?: readonly string[]
  /** Access-Control-Allow-Private-Network is exactly `true`. */
  readonly privateNetwork: boolean
  /** Seconds; `invalid` for anything but digits. */
  readonly maxAge?: number | 'invalid'
  /** Field names of Vary in lower case. */
  readonly vary: readonly string[]
  /** Members that are no tokens: a browser refuses the whole header. */
  readonly malformed: readonly string[]
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Methods a preflight need not allow by name. */
const SAFELISTED_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST'])
const SAFELISTED_HEADERS: ReadonlySet<string> = new Set(['accept', 'accept-language', 'content-language'])
const MOST_MEMBERS = 256

/** Never throws. Lists are split at commas over all lines of a header; more than 256 members are not read. */
export function readCors(raw: RawHeaders): CorsHeaders {
  const lines = (name: string): string[] => raw.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value.trim())
  const malformed: string[] = []
  const list = (name: string): string[] | undefined => {
    const found = lines(name)
    if (found.length === 0) return undefined
    const members = found
      .flatMap((line) => line.split(','))
      .map((one) => one.trim())
      .filter((one) => one !== '')
      .slice(0, MOST_MEMBERS)
    for (const member of members) if (!TOKEN.test(member)) malformed.push(`${name}: ${member.slice(0, 80)}`)
    return members
  }
  const methods = list('access-control-allow-methods')
  const headers = list('access-control-allow-headers')?.map((one) => one.toLowerCase())
  const exposed = list('access-control-expose-headers')?.map((one) => one.toLowerCase())
  const credentialsRaw = lines('access-control-allow-credentials')
  const age = lines('access-control-max-age')[0]
  return {
    origins: lines('access-control-allow-origin'),
    credentials: credentialsRaw.length === 1 && credentialsRaw[0] === 'true',
    credentialsRaw,
    ...(methods === undefined ? {} : { methods }),
    ...(headers === undefined ? {} : { headers }),
    ...(exposed === undefined ? {} : { exposed }),
    privateNetwork: lines('access-control-allow-private-network').join() === 'true',
    ...(age === undefined ? {} : { maxAge: /^[0-9]{1,12}$/.test(age) ? Number(age) : ('invalid' as const) }),
    vary: (list('vary') ?? []).map((one) => one.toLowerCase()),
    malformed,
  }
}

/** How an answer treats an origin: `exact` names it byte for byte, `any` is a lone `*`, `list` holds it among others (browsers refuse that). */
export function originGrant(cors: CorsHeaders, origin: string): 'none' | 'exact' | 'any' | 'list' {
  if (cors.origins.length === 1 && cors.origins[0] === origin) return 'exact'
  if (cors.origins.length === 1 && cors.origins[0] === '*') return 'any'
  const members = cors.origins.flatMap((line) => line.split(/[\s,]+/))
  return members.includes(origin) || (members.length > 1 && members.includes('*')) ? 'list' : 'none'
}

/** Whether a preflight allows a method; `*` counts only without credentials. */
export const allowsMethod = (cors: CorsHeaders, method: string, credentials: boolean): boolean =>
  SAFELISTED_METHODS.has(method) || (cors.methods ?? []).includes(method) || (!credentials && (cors.methods ?? []).includes('*'))

/** Whether a preflight allows a request header; `*` counts only without credentials and never for Authorization. */
export function allowsHeader(cors: CorsHeaders, name: string, credentials: boolean): boolean {
  const wanted = name.toLowerCase()
  const allowed = cors.headers ?? []
  return SAFELISTED_HEADERS.has(wanted) || allowed.includes(wanted) || (!credentials && wanted !== 'authorization' && allowed.includes('*'))
}

/** Response headers that scripts may always read (Fetch, "CORS-safelisted response-header name"). */
const SAFELISTED_RESPONSE: ReadonlySet<string> = new Set([
  'cache-control',
  'content-language',
  'content-length',
  'content-type',
  'expires',
  'last-modified',
  'pragma',
])

/** Whether scripts may read a response header; `*` counts only without credentials. */
export function exposesHeader(cors: CorsHeaders, name: string, credentials: boolean): boolean {
  const wanted = name.toLowerCase()
  const exposed = cors.exposed ?? []
  return SAFELISTED_RESPONSE.has(wanted) || exposed.includes(wanted) || (!credentials && exposed.includes('*'))
}

/** Access tokens that must be refused, each beside the one that must not; the keys that are published; tokens after their end. */
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { isLoopback } from '../../grammar/address.ts'
import { readJsonWebToken } from '../../grammar/json-web-token.ts'
import { bodyText, headerValues, mediaType } from '../../headers.ts'
import { type Probe, type ProbeContext, ProbeError } from '../../probe.ts'
import type { Target } from '../../target.ts'
import type { AuthFlow } from '../../target/auth.ts'
import { sleep } from '../../sleep.ts'
import { httpGet } from '../http.ts'
import { type Answer, type Session, urlIn } from './exchange.ts'
import {
  type Flowing,
  hostOfUrl,
  loginAsking,
  loginCost,
  type LoginSeen,
  mainLogin,
  observed,
  probeOf,
  readAsking,
  readWith,
  strangerOf,
  secretNamed,
  signIn,
  tampered,
  type TokenFacts,
} from './flow.ts'

export interface PublishedKey {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly bits?: number
  readonly curve?: string
  /** Members that belong to the private half. */
  readonly privateMembers: readonly string[]
  readonly unusable?: string
}

export interface KeysSeen {
  readonly url: string
  readonly status: number
  readonly mediaType?: string
  readonly cacheControl: readonly string[]
  readonly problem?: string
  readonly keys: readonly PublishedKey[]
  /** For tokens that are signed with what everybody knows. */
  readonly publicKeys: readonly KeyObject[]
}

const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const CURVE_BITS: Readonly<Record<string, number>> = { 'P-256': 256, 'P-384': 384, 'P-521': 521, secp256k1: 256, Ed25519: 256, Ed448: 448 }

/** The declared JWKS; impact: one ordinary request. */
export function authKeys(one: Flowing, target: Target): Probe<KeysSeen> {
  const url = urlIn(one.flow.token?.jwks ?? '', target.domain)
  return {
    kind: 'authKeys',
    key: `authKeys ${url}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 },
    host: hostOfUrl(url, target),
    async run(context) {
      const seen = await observed(context, httpGet(url))
      const type = mediaType(seen.headers)
      const base = { url, status: seen.status, ...(type === undefined ? {} : { mediaType: type }), cacheControl: headerValues(seen.headers, 'cache-control') }
      let document: unknown
      try {
        document = JSON.parse(bodyText(seen))
      } catch {
        return { ...base, problem: 'no JSON', keys: [], publicKeys: [] }
      }
      const list = (document as { keys?: unknown } | null)?.keys
      if (!Array.isArray(list)) return { ...base, problem: 'no member "keys"', keys: [], publicKeys: [] }
      const publicKeys: KeyObject[] = []
      const keys = list.slice(0, 50).map((jwk: unknown): PublishedKey => {
        const member = (name: string): string | undefined => {
          const value = (jwk as Record<string, unknown> | null)?.[name]
          return typeof value === 'string' ? value : undefined
        }
        const kty = member('kty') ?? ''
        const [kid, alg, use, curve] = [member('kid'), member('alg'), member('use'), member('crv')]
        const modulus = member('n')
        const bits = modulus === undefined ? CURVE_BITS[curve ?? ''] : Buffer.from(modulus, 'base64url').length * 8
        let unusable: string | undefined
        if (kty !== 'oct')
          try {
            const { d: _d, ...open } = jwk as { readonly d?: string }
            publicKeys.push(createPublicKey({ key: open, format: 'jwk' }))
          } catch (error) {
            unusable = error instanceof Error ? error.message.slice(0, 120) : 'unusable'
          }
        return {
          kty,
          ...(kid === undefined ? {} : { kid }),
          ...(alg === undefined ? {} : { alg }),
          ...(use === undefined ? {} : { use }),
          ...(curve === undefined ? {} : { curve }),
          ...(bits === undefined ? {} : { bits }),
          privateMembers: PRIVATE.filter((name) => member(name) !== undefined),
          ...(unusable === undefined ? {} : { unusable }),
        }
      })
      return { ...base, keys, publicKeys }
    },
  }
}

export type AttackGroup = 'alg-none' | 'signature' | 'confusion' | 'psychic' | 'injection' | 'remote-key' | 'expired' | 'foreign' | 'id-token'

export interface Attack {
  readonly group: AttackGroup
  /** What is wrong with the token, in words. */
  readonly what: string
  readonly answer: Answer
}

export interface AttacksSeen {
  /** undefined: the login gave no token to begin with. */
  readonly token?: TokenFacts
  /** The token as it is, before and after. */
  readonly before: Answer
  readonly after: Answer
  /** No token at all. */
  readonly without: Answer
  readonly attacks: readonly Attack[]
  /** Who fetched a key from the place that a token named: header and path. Undefined where no canary listens. */
  readonly fetched?: readonly string[]
  /** Groups that could not be tried, and why. */
  readonly untried: Readonly<Partial<Record<AttackGroup, string>>>
}

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** Our own key for tokens that bring their key along; made once. */
let own: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined
const ownKey = (): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } => (own ??= generateKeyPairSync('ec', { namedCurve: 'P-256' }))

const hmacToken = (header: object, payload: string, key: Buffer | string): string => {
  const head = `${encode({ ...header, alg: 'HS256' })}.${payload}`
  return `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`
}

/** As many as are made of a token that is signed with ECDSA and whose key is published. */
const MOST_FORGERIES = 20
/** Tokens made of a right one, without any key that is secret. */
function forgeries(token: string, publicKeys: readonly KeyObject[]): readonly { readonly group: AttackGroup; readonly what: string; readonly token: string }[] {
  const read = readJsonWebToken(token)
  if (!read.ok) return []
  const { header, payload, segments } = read.token
  const [head, body, signature] = segments
  const changed = encode({ ...payload, role: 'admin', admin: true, postproof: true })
  const { alg: _alg, ...rest } = header
  const forged: { group: AttackGroup; what: string; token: string }[] = []
  for (const alg of ['none', 'None', 'NONE', 'nOnE'])
    forged.push({ group: 'alg-none', what: `alg ${alg}, no signature`, token: `${encode({ ...rest, alg })}.${body}.` })
  forged.push({ group: 'alg-none', what: 'alg none, two segments', token: `${encode({ ...rest, alg: 'none' })}.${body}` })
  forged.push({ group: 'alg-none', what: 'alg none, old signature', token: `${encode({ ...rest, alg: 'none' })}.${body}.${signature}` })
  forged.push({ group: 'alg-none', what: 'alg empty, no signature', token: `${encode({ ...rest, alg: '' })}.${body}.` })
  forged.push({ group: 'signature', what: 'payload changed, old signature', token: `${head}.${changed}.${signature}` })
  forged.push({ group: 'signature', what: 'signature cut off', token: `${head}.${body}.` })
  forged.push({ group: 'signature', what: 'signature and its dot cut off', token: `${head}.${body}` })
  forged.push({ group: 'signature', what: 'one character in the middle of the signature changed', token: tampered(token) })
  const asymmetric = typeof header['alg'] === 'string' && /^(?:RS|PS|ES|EdDSA)/.test(header['alg'])
  const key = publicKeys[0]
  if (asymmetric && key !== undefined) {
    const pem = key.export({ type: 'spki', format: 'pem' }).toString()
    const variants: readonly (readonly [string, Buffer | string])[] = [
      ['PEM', pem],
      ['PEM without its last newline', pem.trimEnd()],
      ['DER', key.export({ type: 'spki', format: 'der' })],
      ['JWK', JSON.stringify(key.export({ format: 'jwk' }))],
    ]
    for (const [name, value] of variants) forged.push({ group: 'confusion', what: `HS256 with the public key as ${name}`, token: hmacToken(rest, body, value) })
  }
  if (typeof header['alg'] === 'string' && header['alg'].startsWith('ES')) {
    const bytes = { ES256: 64, ES384: 96, ES512: 132 }[header['alg']] ?? 64
    forged.push({ group: 'psychic', what: 'r and s zero', token: `${head}.${body}.${Buffer.alloc(bytes).toString('base64url')}` })
  }
  const { privateKey, publicKey } = ownKey()
  const embedded = `${encode({ ...rest, alg: 'ES256', jwk: publicKey.export({ format: 'jwk' }) })}.${body}`
  forged.push({
    group: 'injection',
    what: 'its own key in the header (jwk)',
    token: `${embedded}.${sign('sha256', Buffer.from(embedded), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`,
  })
  forged.push({
    group: 'injection',
    what: 'kid ../../dev/null, signed with nothing',
    token: hmacToken({ ...rest, kid: '../../../../../../dev/null' }, body, ''),
  })
  forged.push({ group: 'injection', what: 'kid with a quote', token: `${encode({ ...header, kid: "x' UNION SELECT 'postproof" })}.${body}.${signature}` })
  forged.push({
    group: 'injection',
    what: 'kid with a quote, signed with what it selects',
    token: hmacToken({ ...rest, kid: "x' UNION SELECT 'postproof" }, body, 'postproof'),
  })
  return forged
}

/** Headers that say where a key is. */
const REMOTE_KEYS = ['jku', 'x5u'] as const

/** Tokens whose key lies where they say: with us. */
function remoteForgeries(token: string, base: string): readonly { readonly what: string; readonly token: string }[] {
  const read = readJsonWebToken(token)
  if (!read.ok) return []
  const { alg: _alg, kid: _kid, ...rest } = read.token.header
  return REMOTE_KEYS.map((name) => {
    const head = `${encode({ ...rest, alg: 'ES256', kid: CANARY_KID, [name]: `${base}/${name}` })}.${read.token.segments[1]}`
    const signature = sign('sha256', Buffer.from(head), { key: ownKey().privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')
    return { what: `its key at an address of ours (${name})`, token: `${head}.${signature}` }
  })
}
const CANARY_KID = 'postproof'
/** A key may be fetched behind the answer; on one machine that is done at once. */
const lateMs = (address: string): number => (isLoopback(address) ? 30 : 1_000)

/** Listens where tokens say that their key is, and gives it out. @returns what was asked for, or why nobody could listen */
async function withCanary(
  context: ProbeContext,
  { address, port }: NonNullable<NonNullable<AuthFlow['token']>['canary']>,
  act: (base: string) => Promise<void>,
): Promise<readonly string[] | string> {
  const fetched: string[] = []
  const path = `/${randomBytes(9).toString('hex')}`
  const document = JSON.stringify({ keys: [{ ...ownKey().publicKey.export({ format: 'jwk' }), kid: CANARY_KID, alg: 'ES256', use: 'sig' }] })
  const server = createServer((request, answer) => {
    // Whoever else knocks is no reader of our tokens.
    const mine = request.url?.startsWith(`${path}/`) === true
    if (mine && fetched.length < 20) fetched.push(`${request.method ?? ''} for ${request.url?.slice(path.length + 1) ?? ''}`)
    answer.writeHead(mine ? 200 : 404, { 'Content-Type': 'application/json', Connection: 'close' }).end(mine ? document : '{}')
  })
  const refused = await new Promise<Error | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen(port ?? 0, address, () => resolve(undefined))
  })
  if (refused !== undefined) return `nobody can listen on ${address}${port === undefined ? '' : ` port ${port}`} here: ${refused.message}`
  try {
    const real = (server.address() as AddressInfo).port
    await act(`http://${isIP(address) === 6 ? `[${address}]` : address}:${real}${path}`)
    await sleep(lateMs(address), context.signal)
    return fetched
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

/** Asks the first protected route that can be read with tokens that are not right, between two questions with the right one. */
export function jwtAttacks(one: Flowing, target: Target): Probe<AttacksSeen> {
  const { flow } = one
  const asks = [mainLogin(one, target), ...(flow.token?.jwks === undefined ? [] : [authKeys(one, target)])]
  // What can be made of a token depends on how it is signed.
  const most =
    3 +
    MOST_FORGERIES +
    (flow.token?.canary === undefined ? 0 : REMOTE_KEYS.length) +
    [flow.token?.expired, flow.token?.foreign, flow.token?.idToken].filter((name) => name !== undefined).length
  const run = async (context: ProbeContext): Promise<AttacksSeen> => {
    const login = await observed(context, mainLogin(one, target))
    const { accessToken } = login.session
    if (accessToken === undefined)
      throw new ProbeError({ code: 'NO_TOKEN', message: `the login answered ${login.answer.status} without an access token`, phase: 'response' })
    const ask = async (what: string, session: Session | undefined): Promise<Answer> => {
      const answer = await readWith(context, flow, session, what)
      if (answer === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no protected route that can be read is declared', phase: 'request' })
      return answer
    }
    const bare = login.session.copy()
    const before = await ask('with the token', bare)
    const without = await ask('without a token', undefined)
    let publicKeys: readonly KeyObject[] = []
    if (flow.token?.jwks !== undefined) {
      const keys = await context.observe(authKeys(one, target))
      if (keys.ok) publicKeys = keys.value.publicKeys
    }
    const attacks: Attack[] = []
    const untried: Partial<Record<AttackGroup, string>> = {}
    const attack = async (group: AttackGroup, what: string, token: string): Promise<void> => {
      attacks.push({ group, what, answer: await ask(what, bare.withToken(token)) })
    }
    if (login.token?.form === 'jwt') for (const { group, what, token } of forgeries(accessToken, publicKeys)) await attack(group, what, token)
    let fetched: readonly string[] | undefined
    const { canary } = flow.token ?? {}
    if (canary === undefined) untried['remote-key'] = 'token.canary names no address at which somebody could wait for it'
    else if (login.token?.form === 'jwt') {
      const heard = await withCanary(context, canary, async (base) => {
        for (const { what, token } of remoteForgeries(accessToken, base)) await attack('remote-key', what, token)
      })
      if (typeof heard === 'string') untried['remote-key'] = heard
      else fetched = heard
    }
    const asymmetric = /^(?:RS|PS|ES|EdDSA)/.test(login.token?.alg ?? '')
    if (!asymmetric) untried.confusion = `its tokens are signed with ${login.token?.alg ?? 'nothing that can be read'}`
    else if (publicKeys.length === 0) untried.confusion = 'no public key is known (declare token.jwks)'
    if (login.token?.alg?.startsWith('ES') !== true)
      untried.psychic = `its tokens are signed with ${login.token?.alg ?? 'nothing that can be read'}, not with ECDSA`
    for (const [group, name] of [
      ['expired', flow.token?.expired],
      ['foreign', flow.token?.foreign],
    ] as const) {
      if (name === undefined) untried[group] = `token.${group} names no token`
      else await attack(group, group === 'expired' ? 'the declared expired token' : 'the declared token for another audience', secretNamed(context, name))
    }
    if (login.session.idToken === undefined) untried['id-token'] = 'the login gives no ID token'
    else await attack('id-token', 'the ID token', login.session.idToken)
    const after = await ask('with the token, again', bare)
    return {
      ...(login.token === undefined ? {} : { token: login.token }),
      before,
      after,
      without,
      attacks,
      ...(fetched === undefined ? {} : { fetched }),
      untried,
    }
  }
  return probeOf('jwtAttacks', one, target, { requests: readAsking(flow, most), atMost: true }, run, { asks })
}

export interface ExpirySeen {
  readonly token?: TokenFacts
  /** Max-Age of the session cookie, seconds. */
  readonly cookieSeconds?: number
  readonly before: Answer
  /** With a session that nobody was given; absent where nothing was waited for. */
  readonly stranger?: Answer
  /** After its end, and after each tolerance while it still opened. */
  readonly late: readonly { readonly afterSeconds: number; readonly answer: Answer }[]
  /** Why it was not waited for. */
  readonly unwaited?: string
}

/** Seconds that a login lives, by its token or its cookie. */
function lifeOf(login: LoginSeen, cookie: string | undefined): number | undefined {
  const { token } = login
  if (token?.exp !== undefined) return token.exp - (token.iat ?? Date.parse(login.answer.at) / 1000)
  const maxAge = login.answer.cookies.findLast(({ name }) => name === cookie)?.cookie.maxAge
  return typeof maxAge === 'number' ? maxAge : undefined
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 10) / 100

/** Tolerance of clocks: what is sound, and what some frameworks begin with (ASP.NET Core: five minutes). Asked in turn until it is refused. */
const LEEWAYS = [60, 300]

/** A login of its own, and what it opens after its end. */
export function authExpiry(one: Flowing, target: Target): Probe<ExpirySeen> {
  const { flow } = one
  const patience = flow.token?.waitSeconds ?? 30
  const leeways = flow.token?.leewaySeconds === undefined ? LEEWAYS : [flow.token.leewaySeconds].filter((leeway) => leeway > 0)
  return probeOf(
    'authExpiry',
    one,
    target,
    // What lives longer than there is patience is not waited for.
    { requests: [...loginAsking(flow), ...readAsking(flow, 3 + leeways.length)], logins: loginCost(flow, 1), atMost: true },
    async (context): Promise<ExpirySeen> => {
      const known = await observed(context, mainLogin(one, target))
      const lives = lifeOf(known, flow.login?.cookie)
      const route = { before: known.answer, late: [], ...(known.token === undefined ? {} : { token: known.token }) }
      if (lives === undefined) return { ...route, unwaited: 'nothing says when it ends' }
      if (lives > patience) return { ...route, unwaited: `it lives for ${Math.round(lives)} s, longer than token.waitSeconds ${patience}` }
      const login = await signIn(context, flow, { what: 'a login to outlive' })
      const at = Date.now()
      const before = await readWith(context, flow, login.session, 'with the session')
      if (before === undefined) throw new ProbeError({ code: 'NO_ACCESS', message: 'no protected route that can be read is declared', phase: 'request' })
      const stranger = await readWith(context, flow, strangerOf(flow), 'with a made-up session')
      const set = login.answer.cookies.findLast(({ name }) => name === flow.login?.cookie)?.cookie
      const cookieSeconds = typeof set?.maxAge === 'number' ? set.maxAge : undefined
      const facts = { ...(login.token === undefined ? {} : { token: login.token }), ...(cookieSeconds === undefined ? {} : { cookieSeconds }) }
      const ends = login.token?.exp === undefined ? (cookieSeconds === undefined ? undefined : at + cookieSeconds * 1000) : login.token.exp * 1000
      if (ends === undefined) return { ...facts, before, late: [], unwaited: 'nothing says when it ends' }
      const late: { afterSeconds: number; answer: Answer }[] = []
      // A cookie has no clock of its own to be wrong.
      const waits = login.token?.exp === undefined ? leeways.slice(0, 1) : leeways
      for (const after of [0.2, ...waits.map((leeway) => leeway + 0.5)]) {
        await sleep(Math.max(0, ends + after * 1000 - Date.now()), context.signal)
        const answer = await readWith(context, flow, login.session, `with the session, ${after} s after its end`)
        if (answer === undefined) break
        late.push({ afterSeconds: seconds(Date.now() - ends), answer })
        if (answer.status < 200 || answer.status >= 300 || answer.bodyHash === stranger?.bodyHash) break
      }
      return { ...facts, before, ...(stranger === undefined ? {} : { stranger }), late }
    },
    { timeoutMs: 120_000 + (patience + Math.max(0, ...leeways)) * 1000, asks: [mainLogin(one, target)] },
  )
}

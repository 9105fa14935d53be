/** Every way a target file can be wrong, found at once: each problem has its place, the offending text and what would be right. */
import { isIP } from 'node:net'
import { type Document, isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml'
import type { z } from 'zod'
import { actProblems } from './act-problems.ts'
import { rollbackProblems } from './rollback.ts'
import { drillProblems } from './drill-problems.ts'
import { targetSchema, type TargetFile } from './schema.ts'
import { bucketOf } from './storage.ts'

export interface Problem {
  readonly file: string
  /** 1-based; 0 where the file has no lines to point at (a TypeScript target). */
  readonly line: number
  readonly column: number
  /** Key path: `hosts.api.tls.minDaysLeft`. */
  readonly path: string
  readonly message: string
  /** The text at that place, one line, capped. */
  readonly found?: string
  /** What would be right. */
  readonly hint?: string
}

type Path = readonly (string | number)[]
/** Finds the place of a key path in the source; the JavaScript form of a target has none. */
export type Locate = (path: Path, key?: string) => { readonly line: number; readonly column: number; readonly found?: string }

/** What templates leave behind. Angle brackets count only around shouted or addressed words: `<DOMAIN>`, `<your-domain>`; markup is no placeholder. */
const PLACEHOLDER =
  /\{\{|\}\}|<(?:[A-Z][A-Z_-]+|(?:your|my)[-_ ][A-Za-z_ -]+)>|\b[Yy]our-?domain\.(?:com|org|net|tld)\b|\b(?:mydomain|yoursite)\.(?:com|org|net|tld)\b|\bCHANGE_?(?:ME|THIS)\b|\$\{[A-Z_]+\}/
/** `{domain}`-style names that the product itself replaces are no placeholders left behind. */
const SECRET_KEY = /(?:password|passwd|secret|token|api[-_]?key|private[-_]?key|credential)s?$/i
const oneLine = (text: string): string => {
  const flat = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return flat.length > 80 ? `${flat.slice(0, 79)}…` : flat
}
export const pathText = (path: Path): string => path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('')

/** The nearest of `words` to `word` (Damerau-Levenshtein at most 2, and less than half the word), for "did you mean". */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.min(3, Math.ceil(word.length / 2))
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    before = previous
    previous = row
  }
  return previous[b.length] ?? limit
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((node, part) => (typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[part] : undefined), value)

/** Keys that the schema allows at a path, for "did you mean". */
function keysAt(path: Path): readonly string[] {
  const keys = new Set<string>()
  const walk = (schema: z.core.$ZodType, rest: Path): void => {
    const { def } = schema._zod as unknown as { def: Record<string, unknown> & { type: string } }
    switch (def.type) {
      case 'optional':
      case 'nullable':
      case 'default':
        walk(def.innerType as z.core.$ZodType, rest)
        break
      case 'union':
        for (const option of def.options as z.core.$ZodType[]) walk(option, rest)
        break
      case 'object': {
        const shape = def.shape as Record<string, z.core.$ZodType>
        if (rest.length === 0) for (const key of Object.keys(shape)) keys.add(key)
        else {
          const next = shape[String(rest[0])]
          if (next !== undefined) walk(next, rest.slice(1))
        }
        break
      }
      case 'record':
        if (rest.length > 0) walk(def.valueType as z.core.$ZodType, rest.slice(1))
        break
      case 'array':
        if (rest.length > 0) walk(def.element as z.core.$ZodType, rest.slice(1))
        break
      default:
    }
  }
  walk(targetSchema, path)
  return [...keys]
}

/** Union branches say nothing useful on their own: take the branch that got furthest into the value. */
function deepest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const shapeErrors = issue.errors.filter((branch) =>
    branch.some((one) => one.path.length > 0 || one.code === 'unrecognized_keys' || one.code === 'invalid_value' || one.code === 'invalid_format'),
  )
  const branch = shapeErrors[0]
  if (branch === undefined) return [issue]
  return branch.flatMap((one) => deepest({ ...one, path: [...issue.path, ...one.path] }))
}

/** What the schema calls a type, as a person does. */
const IN_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list: [one, two]',
  object: 'a map: { key: value }',
  record: 'a map: { name: value }',
}
const inWords = (type: string): string => IN_WORDS[type] ?? type
const AMOUNTS: Readonly<Record<string, string>> = { string: ' characters', array: ' entries' }

/** @param value what stands there */
function wantedType(expected: string, path: Path, value: unknown): string {
  if (expected === 'object') {
    const keys = keysAt(path)
    const some = `${keys.slice(0, 8).join(', ')}${keys.length > 8 ? ', …' : ''}`
    return `expected a map${keys.length === 0 ? '' : ` with any of: ${some}`}${value === null ? '; {} where there is nothing to say' : ''}`
  }
  if (expected === 'string' && typeof value === 'number') return 'expected text, in quotes'
  if ((expected === 'number' || expected === 'int') && typeof value === 'string' && /^[0-9.]+$/.test(value)) return 'expected a number, without quotes'
  return `expected ${inWords(expected)}`
}

function wanted(issue: z.core.$ZodIssue, path: Path = [], value?: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return wantedType(issue.expected, path, value)
    case 'invalid_value':
      return `expected one of: ${issue.values.map(String).join(', ')}`
    case 'invalid_format':
      return `expected ${issue.message.startsWith('Invalid') ? `text matching ${issue.pattern ?? issue.format}` : issue.message}`
    case 'too_small':
      return `expected at least ${issue.minimum}${AMOUNTS[issue.origin] ?? ''}`
    case 'too_big':
      return `expected at most ${issue.maximum}${AMOUNTS[issue.origin] ?? ''}`
    case 'invalid_union': {
      const types = new Set(
        issue.errors
          .flat()
          .flatMap((one) => (one.code === 'invalid_type' ? [inWords(one.expected)] : one.code === 'invalid_value' ? one.values.map(String) : [])),
      )
      return types.size > 0 ? `expected ${[...types].join(' or ')}` : issue.message
    }
    default:
      return issue.message
  }
}

/** A map is told by its keys: what stands in it is not what is wrong, and may be a secret. */
function shownValue(value: unknown, source: string): string {
  // The place of what is missing is that of what it is missing in.
  if (value === undefined && /^[{[]|\n/.test(source)) return ''
  if (typeof value !== 'object' || value === null) return source
  if (Array.isArray(value)) return value.some((item) => typeof item === 'object' && item !== null) ? `a list of ${value.length}` : source
  const keys = Object.keys(value)
  return keys.length === 0 ? '{}' : `{ ${keys.map((key) => `${key}: …`).join(', ')} }`
}

/** Schema problems and those no schema can say: placeholders, literal secrets, names that do not exist, contradictions. */
export function problemsOf(value: unknown, file: string, locate: Locate): { readonly problems: readonly Problem[]; readonly target?: TargetFile } {
  const problems: Problem[] = []
  // What may be a secret is not repeated anywhere, also not as a part of what another problem shows.
  const unspoken = new Set<string>()
  const add = (path: Path, message: string, more: { readonly key?: string; readonly hint?: string; readonly hidden?: boolean } = {}): void => {
    const place = locate(path, more.key)
    if (more.hidden === true)
      for (const text of [place.found, place.found?.replaceAll(/^["']|["']$/g, ''), at(value, path)])
        if (typeof text === 'string' && text !== '') unspoken.add(text)
    problems.push({
      file,
      line: place.line,
      column: place.column,
      path: pathText(more.key === undefined ? path : [...path, more.key]),
      message,
      ...(place.found === undefined
        ? {}
        : {
            found:
              more.hidden === true
                ? `(hidden, ${place.found.length} characters)`
                : more.key === undefined
                  ? shownValue(at(value, path), place.found)
                  : place.found,
          }),
      ...(more.hint === undefined ? {} : { hint: more.hint }),
    })
  }
  const parsed = targetSchema.safeParse(value)
  if (!parsed.success) {
    for (const issue of parsed.error.issues.flatMap(deepest)) {
      const path = issue.path as Path
      if (issue.code === 'unrecognized_keys') {
        for (const key of issue.keys) {
          const known = keysAt(path)
          const meant = nearest(key, known)
          add(path, `unknown key ${JSON.stringify(key)}`, {
            key,
            hint: meant === undefined ? `known keys here: ${known.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`,
          })
        }
      } else if ((issue.code === 'invalid_type' || issue.code === 'invalid_value') && at(value, path) === undefined) {
        add(path.slice(0, -1), `${JSON.stringify(String(path.at(-1)))} is missing`, { hint: wanted(issue) })
      } else if (issue.code === 'invalid_key') {
        add(path.slice(0, -1), `${JSON.stringify(String(path.at(-1)))} cannot be a name here`, {
          key: String(path.at(-1)),
          hint: issue.issues.map((one) => wanted(one)).join('; '),
        })
      } else if (path[0] === 'secrets' && path.length === 2) {
        add(path, 'a secret must not stand in the file', { hint: 'reference it: env:NAME or file:/run/secrets/name', hidden: true })
      } else add(path, 'this value cannot be used', { hint: wanted(issue, path, at(value, path)) })
    }
  }
  walkText(value, [], (text, path, isKey) => {
    if (PLACEHOLDER.test(text))
      add(isKey ? path.slice(0, -1) : path, 'an unresolved placeholder', {
        hint: 'put the real value here; postproof never probes a placeholder',
        ...(isKey ? { key: text } : {}),
      })
    if (isKey) return
    const key = path.findLast((part) => typeof part === 'string')
    if (
      path[0] !== 'secrets' &&
      key !== undefined &&
      SECRET_KEY.test(key) &&
      !/^(?:env|file):/.test(text) &&
      path[0] !== 'waivers' &&
      path[0] !== 'requirements' &&
      !isReference(text, value)
    ) {
      add(path, 'this looks like a literal secret', { hint: 'move it to `secrets:` as env:NAME or file:/path and refer to it', hidden: true })
    }
  })
  const usable = parsed.success ? parsed.data : withoutFaults(value)
  if (usable !== undefined) contradictions(usable, add, value)
  const where = (problem: Problem): number => problem.line * 10_000 + problem.column
  problems.sort((a, b) => where(a) - where(b))
  if (problems.length === 0 && parsed.success) return { problems, target: parsed.data }
  const hide = (text: string): string => [...unspoken].sort((a, b) => b.length - a.length).reduce((rest, secret) => rest.replaceAll(secret, '(hidden)'), text)
  return { problems: problems.map((problem) => (problem.found === undefined ? problem : { ...problem, found: oneLine(hide(problem.found)) })) }
}

/** Blanks, places in an answer and names of secrets are no secrets: `{password}`, `$.accessToken`, `cookie:session`, `adminPassword`. */
const isReference = (text: string, value: unknown): boolean =>
  /^(?:\{[A-Za-z][A-Za-z0-9.:_-]*\}|\$[.[].*|cookie:.+|header:.+)$/.test(text) || Object.hasOwn((at(value, ['secrets']) as object | undefined) ?? {}, text)

/** The value less what the schema refuses, so that contradictions in the sound part are told in the same go. */
function withoutFaults(value: unknown): TargetFile | undefined {
  const copy = structuredClone(value)
  for (let round = 0; round < 50; round++) {
    const parsed = targetSchema.safeParse(copy)
    if (parsed.success) return parsed.data
    for (const issue of parsed.error.issues) {
      const gone = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
      for (const path of gone) {
        const parent = at(copy, path.slice(0, -1) as Path)
        const missing = at(copy, path as Path) === undefined
        if (path.length < (missing ? 2 : 1) || typeof parent !== 'object' || parent === null) return undefined
        if (missing) Reflect.deleteProperty(at(copy, path.slice(0, -2) as Path) as object, path.at(-2) as PropertyKey)
        else if (Array.isArray(parent)) parent.splice(Number(path.at(-1)), 1)
        else Reflect.deleteProperty(parent, path.at(-1) as PropertyKey)
      }
    }
  }
  return undefined
}

function walkText(value: unknown, path: Path, visit: (text: string, path: Path, isKey: boolean) => void): void {
  if (typeof value === 'string') visit(value, path, false)
  else if (Array.isArray(value)) value.forEach((item, index) => walkText(item, [...path, index], visit))
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      if (PLACEHOLDER.test(key)) visit(key, [...path, key], true)
      walkText(item, [...path, key], visit)
    }
  }
}

/** @param given the value as it stands, also what of it the schema refuses */
function contradictions(target: TargetFile, add: Add, given: unknown): void {
  const hosts = Object.keys(target.hosts ?? { '@': {}, www: {} })
  if (target.hosts !== undefined && Object.keys(at(given, ['hosts']) ?? {}).length === 0)
    add(['hosts'], 'no host to look at', { hint: 'declare at least one, such as "@": {}' })
  const known = (path: Path, name: string): void => {
    if (hosts.includes(name)) return
    const meant = nearest(name, hosts)
    add(path, `no host is named ${JSON.stringify(name)}`, {
      hint: meant === undefined ? `declared hosts: ${hosts.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`,
    })
  }
  const profiles = Object.keys(target.headerProfiles ?? {})
  for (const [name, host] of Object.entries(target.hosts ?? {})) {
    if (host.profile !== undefined && !profiles.includes(host.profile)) {
      const meant = nearest(host.profile, profiles)
      add(['hosts', name, 'profile'], `headerProfiles has no ${JSON.stringify(host.profile)}`, {
        hint: meant === undefined ? `declared profiles: ${profiles.join(', ') || 'none'}` : `did you mean ${JSON.stringify(meant)}?`,
      })
    }
    const lowest = host.tls?.minVersion ?? target.defaults?.tls?.minVersion
    const highest = host.tls?.maxVersion ?? target.defaults?.tls?.maxVersion
    if (lowest !== undefined && highest !== undefined && lowest > highest)
      add(
        ['hosts', name, ...(host.tls === undefined ? [] : ['tls', host.tls.minVersion === undefined ? 'maxVersion' : 'minVersion'])],
        `tls.minVersion ${lowest} is above tls.maxVersion ${highest}`,
        {
          hint: `a maxVersion of ${lowest} or above, or a lower minVersion`,
        },
      )
  }
  target.cors?.forEach((entry, index) => {
    known(['cors', index, 'host'], entry.host)
    for (const origin of entry.origins)
      if (entry.refused?.includes(origin) === true)
        add(['cors', index, 'refused'], `${origin} is both allowed and refused`, { hint: 'keep it in `origins` or in `refused`' })
  })
  target.cookies?.forEach((entry, index) => {
    if (Array.isArray(entry.hosts)) entry.hosts.forEach((name, position) => known(['cookies', index, 'hosts', position], name))
  })
  target.redirects?.exceptions?.forEach((entry, index) => {
    if (Array.isArray(entry.hosts)) entry.hosts.forEach((name, position) => known(['redirects', 'exceptions', index, 'hosts', position], name))
  })
  target.errorPages?.forEach((entry, index) => {
    if (entry.host !== undefined) known(['errorPages', index, 'host'], entry.host)
  })
  signInProblems(target, add, known)
  storageProblems(target, add)
  drillProblems(target, add, secretNamed(target, add))
  rollbackProblems(target, add)
  mailProblems(target, add)
  if (target.exposure?.captureSink !== undefined) known(['exposure', 'captureSink', 'host'], target.exposure.captureSink.host)
  const open = new Set([...(target.exposure?.open ?? []), ...(target.exposure?.optionalOpen ?? [])])
  target.exposure?.closed?.forEach((port, index) => {
    if (open.has(port)) add(['exposure', 'closed', index], `port ${port} is declared both open and closed`, { hint: 'keep it in one of the lists' })
  })
  if (target.dns?.ipv6 === 'required' && target.network?.ipv6 === false)
    add(['dns', 'ipv6'], 'IPv6 is required, but network.ipv6 says this vantage has none', { hint: 'run it where IPv6 is reached, and leave network.ipv6 out' })
  for (const [name, addresses] of Object.entries(target.network?.addresses ?? {})) {
    for (const address of [addresses].flat())
      if (isIP(address) === 0)
        add(['network', 'addresses', name], `${JSON.stringify(address)} is not an IP address`, { hint: 'pins map a name to addresses, such as 127.0.0.1' })
  }
  for (const name of Object.keys(target.network?.ports ?? {})) {
    if (!/^(?:http|https|smtp|submission|smtps|imaps|[1-9]\d{0,4})$/.test(name))
      add(['network', 'ports'], `unknown logical port ${JSON.stringify(name)}`, { key: name, hint: 'http, https, smtp, submission, smtps, imaps or a number' })
  }
  for (const [path, resolver] of [
    [['network', 'resolver'], target.network?.resolver] as const,
    ...(target.network?.resolvers ?? []).map((one, index) => [['network', 'resolvers', index], one] as const),
  ]) {
    if (resolver !== undefined && !/^(?:\[[0-9a-f:]+\]|[0-9.]+)(?::\d+)?$|^[0-9a-f:]+$/i.test(resolver))
      add([...path], `${JSON.stringify(resolver)} is not address[:port]`, { hint: '127.0.0.1:5353 or [::1]:53' })
  }
  for (const [name, { live }] of Object.entries(target.hosts ?? {}))
    [live ?? []].flat().forEach(({ mode, expect }, position) => {
      if (expect !== undefined && mode === 'longpoll')
        add(['hosts', name, 'live', ...(Array.isArray(live) ? [position] : []), 'expect'], '`expect` needs mode websocket or sse', {
          hint: 'leave `expect` out, or correct `mode`',
        })
    })
  actProblems(target, add)
}

type Add = (path: Path, message: string, more?: { key?: string; hint?: string; hidden?: boolean }) => void

/** Tells names of secrets that nobody declared. Unless it is nearly one that is declared, it may be the secret itself: it is not repeated. */
function secretNamed(target: TargetFile, add: Add): (path: Path, name: string | undefined) => void {
  const names = Object.keys(target.secrets ?? {})
  return (path, name) => {
    if (name === undefined || names.includes(name)) return
    const meant = nearest(name, names)
    add(path, meant === undefined ? 'secrets has no entry of that name' : `secrets has no ${JSON.stringify(name)}`, {
      hidden: meant === undefined,
      hint: meant === undefined ? 'declare it in secrets: name: env:NAME' : `did you mean ${JSON.stringify(meant)}?`,
    })
  }
}

/** Secrets that mail names and nobody declared, and an inbox that is a catcher which must stay empty. */
function mailProblems(target: TargetFile, add: Add): void {
  const secret = secretNamed(target, add)
  const sinks = (target.mail?.sinks ?? []).map(({ url }) => url.replace(/\/+$/, ''))
  target.mail?.submission?.forEach(({ password }, index) => secret(['mail', 'submission', index, 'password'], password))
  target.mail?.sinks?.forEach((sink, index) => secret(['mail', 'sinks', index, 'password'], sink.password))
  target.mail?.delivery?.forEach(({ trigger, inbox, expect }, index) => {
    const place: Path = ['mail', 'delivery', index]
    secret([...place, 'trigger', 'submission', 'password'], trigger.submission?.password)
    secret([...place, 'inbox', 'imap', 'password'], inbox.imap?.password)
    secret([...place, 'inbox', 'api', 'password'], inbox.api?.password)
    const used = JSON.stringify([trigger.requests, expect?.link?.use]).matchAll(/\{secret:([A-Za-z0-9_-]+)\}/g)
    for (const match of used) secret([...place, 'trigger'], match[1])
    if (inbox.api !== undefined && sinks.includes(inbox.api.url.replace(/\/+$/, '')))
      add([...place, 'inbox', 'api', 'url'], 'it is the inbox and, in mail.sinks, a catcher that must stay empty', { hint: 'take it out of one of them' })
  })
}

/** Buckets without access and access without a bucket, and the secrets of backups that nobody declared. */
function storageProblems(target: TargetFile, add: Add): void {
  const secret = secretNamed(target, add)
  target.backups?.forEach((backup, index) => {
    for (const [place, one] of [
      [['backups', index], backup],
      [['backups', index, 'offsite'], backup.offsite],
    ] as const) {
      if (one === undefined) continue
      const bucket = bucketOf(one.dir)
      if (one.dir.startsWith('s3:') && bucket === undefined) add([...place, 'dir'], 'a bucket is written s3://bucket/prefix')
      if (bucket !== undefined && one.s3 === undefined)
        add([...place, 'dir'], 'a bucket needs `s3` beside it', {
          hint: 's3: { endpoint: https://…, accessKeyId: nameOfSecret, secretAccessKey: nameOfSecret }',
        })
      if (bucket === undefined && one.s3 !== undefined) add([...place, 's3'], '`dir` is a folder, no bucket', { hint: 'dir: s3://bucket/prefix' })
      for (const key of ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const) secret([...place, 's3', key], one.s3?.[key])
    }
    if (typeof backup.encryption === 'object') {
      secret(['backups', index, 'encryption', 'identity'], backup.encryption.identity)
      secret(['backups', index, 'encryption', 'passphrase'], backup.encryption.passphrase)
    }
  })
}

/** Secrets that sign-in names and nobody declared, and what is asked for without what it takes. */
function signInProblems(target: TargetFile, add: Add, known: (path: Path, name: string) => void): void {
  const secret = secretNamed(target, add)
  const flows = Array.isArray(target.auth) ? target.auth : target.auth === undefined ? [] : [target.auth]
  flows.forEach((flow, index) => {
    const place: Path = Array.isArray(target.auth) ? ['auth', index] : ['auth']
    flow.accounts?.forEach((account, nth) => {
      secret([...place, 'accounts', nth, 'username'], account.username)
      secret([...place, 'accounts', nth, 'password'], account.password)
    })
    flow.dead?.forEach(({ key }, nth) => secret([...place, 'dead', nth, 'key'], key))
    secret([...place, 'token', 'expired'], flow.token?.expired)
    secret([...place, 'token', 'foreign'], flow.token?.foreign)
    secret([...place, 'apiKey', 'key'], flow.apiKey?.key)
    secret([...place, 'client', 'id'], flow.client?.id)
    secret([...place, 'client', 'secret'], flow.client?.secret)
    if (flow.kind === 'apiKey' && flow.apiKey === undefined)
      add(place, 'kind apiKey needs `apiKey`', { hint: 'apiKey: { header: X-Api-Key, key: nameOfSecret }' })
    if (flow.kind === 'oauth2' && flow.client === undefined) add(place, 'kind oauth2 needs `client`', { hint: 'client: { tokenUrl, id, secret }' })
    if (flow.login !== undefined && flow.accounts === undefined)
      add([...place, 'login'], 'a login needs an account', { hint: 'accounts: [{ username: nameOfSecret, password: nameOfSecret }]' })
    if (flow.login !== undefined && flow.login.accessToken === undefined && flow.login.cookie === undefined)
      add([...place, 'login'], 'it does not say where the login stands in the answer', { hint: 'accessToken: $.accessToken, or cookie: session_id' })
    if (flow.refresh !== undefined && flow.login?.refreshToken === undefined)
      add([...place, 'refresh'], 'a refresh needs the refresh token of the login', { hint: 'login: { refreshToken: $.refreshToken }' })
  })
  const gateways = Array.isArray(target.forwardAuth) ? target.forwardAuth : target.forwardAuth === undefined ? [] : [target.forwardAuth]
  gateways.forEach((gateway, index) => {
    const place: Path = Array.isArray(target.forwardAuth) ? ['forwardAuth', index] : ['forwardAuth']
    gateway.hosts?.forEach((name, nth) => known([...place, 'hosts', nth], name))
    gateway.upstreams?.forEach(({ host }, nth) => known([...place, 'upstreams', nth, 'host'], host))
    secret([...place, 'signIn', 'account', 'username'], gateway.signIn?.account.username)
    secret([...place, 'signIn', 'account', 'password'], gateway.signIn?.account.password)
    secret([...place, 'outsider', 'username'], gateway.outsider?.username)
    secret([...place, 'outsider', 'password'], gateway.outsider?.password)
  })
}

/** A line as a syntax error may show it: without the value where that may be a secret, since nobody knows yet what it is. */
function spokenLine(lines: readonly string[], index: number): string {
  const line = lines[index] ?? ''
  const key = /^\s*(?:-\s*)?["']?([\w.-]+)["']?\s*:/.exec(line)
  const below = /^\s/.test(line) && /^\S[^:]*/.exec(lines.slice(0, index).findLast((one) => /^[^\s#]/.test(one)) ?? '')?.[0] === 'secrets'
  const named = /(?:password|passwd|secret|token|key|credential)/i.test(line)
  return below || named ? (key === null ? '(hidden)' : `${key[1]}: (hidden)`) : line
}

/** Parses YAML and finds every problem. A syntax error hides the rest, since nothing after it can be trusted. */
export function readYaml(source: string, file: string): { readonly problems: readonly Problem[]; readonly target?: TargetFile; readonly locate?: Locate } {
  const lines = new LineCounter()
  const document = parseDocument(source, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const text = (node: Node | undefined): string | undefined => (node?.range == null ? undefined : source.slice(node.range[0], node.range[1]))
  if (document.errors.length > 0) {
    return {
      problems: document.errors.map((error) => {
        const place = error.linePos?.[0]
        return {
          file,
          line: place?.line ?? 1,
          column: place?.col ?? 1,
          path: '',
          message: `not YAML: ${oneLine(error.message.split(' at line ')[0] ?? error.message)}`,
          found: oneLine(spokenLine(source.split('\n'), (place?.line ?? 1) - 1)),
        }
      }),
    }
  }
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 })
  } catch (error) {
    return {
      // The library repeats the alias that leads nowhere, which may be a password with an asterisk.
      problems: [
        {
          file,
          line: 1,
          column: 1,
          path: '',
          message: `not usable YAML: ${error instanceof Error ? oneLine(error.message.replace(/^Unresolved alias.*/s, 'an alias leads nowhere')) : String(error)}`,
          ...(String(error).includes('Unresolved alias') ? { hint: 'a text that begins with * needs quotes' } : {}),
        },
      ],
    }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      problems: [
        value === null
          ? { file, line: 1, column: 1, path: '', message: 'nothing stands in this file', hint: 'start with `domain: example.com`' }
          : { file, line: 1, column: 1, path: '', message: 'a target is a mapping of keys', hint: 'start with `domain: example.com`' },
      ],
    }
  }
  const locate = yamlLocate(document, lines, text)
  return { ...problemsOf(value, file, locate), locate }
}

function yamlLocate(document: Document, lines: LineCounter, text: (node: Node | undefined) => string | undefined): Locate {
  const position = (node: Node | undefined): { line: number; column: number; found?: string } => {
    const offset = node?.range?.[0]
    if (offset === undefined) return { line: 1, column: 1 }
    const { line, col } = lines.linePos(offset)
    const found = text(node)
    return { line, column: col, ...(found === undefined ? {} : { found }) }
  }
  const keyNode = (path: Path, key: string): Node | undefined => {
    const parent = path.length === 0 ? document.contents : document.getIn(path, true)
    if (!isMap(parent)) return undefined
    return parent.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key)?.key as Node | undefined
  }
  return (path, key) => {
    if (key !== undefined) {
      const node = keyNode(path, key)
      if (node !== undefined) return position(node)
    }
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true)
      if (node !== undefined && node !== null && typeof node === 'object' && 'range' in node) return position(node as Node)
    }
    return position(document.contents ?? undefined)
  }
}

/** One problem as a person reads it: `target.yaml:3:5: hosts.api.tls: unknown key "minDay" (found: minDay; did you mean "minDaysLeft"?)`. */
export function problemText(problem: Problem): string {
  const place = problem.line > 0 ? `${problem.file}:${problem.line}:${problem.column}` : problem.file
  const details = [problem.found === undefined || problem.found === '' ? undefined : `found: ${problem.found}`, problem.hint].filter(
    (part) => part !== undefined,
  )
  return `${place}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}${details.length === 0 ? '' : `\n    ${details.join('\n    ')}`}`
}

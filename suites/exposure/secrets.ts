/** Keys of providers in public text: what each is, whether it is one, and never what it says. Publishable keys are none (rules §13). */
import { crc32 } from 'node:zlib'

interface SecretFound {
  readonly what: string
  /** A name of a key without its secret half. */
  readonly half: boolean
  readonly length: number
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** GitHub and npm tokens end with six base-62 digits of the CRC-32 of what stands before them: inventions and examples fail it. */
export function checksummed(token: string): boolean {
  const body = token.slice(token.indexOf('_') + 1)
  if (body.length !== 36) return false
  let value = crc32(body.slice(0, 30))
  let digits = ''
  for (let index = 0; index < 6; index += 1) {
    digits = (BASE62[value % 62] ?? '') + digits
    value = Math.floor(value / 62)
  }
  return digits === body.slice(30)
}

/** Bits per character (Shannon): words stay below 3.5, random base64 of 40 characters lies above 4.2. */
function entropy(text: string): number {
  const counts = new Map<string, number>()
  for (const one of text) counts.set(one, (counts.get(one) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

const PLACEHOLDER = /example|placeholder|changeme|your[-_]?|x{4,}|0{8,}|1234567|redacted|dummy|sample|\*{3,}|<[a-z_-]+>|\$\{/i

interface Kind {
  readonly what: string
  readonly pattern: RegExp
  /** @default true */
  readonly real?: (match: string, around: string) => boolean
  readonly half?: boolean
}
const payloadOf = (token: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
const nearby = (around: string): boolean => (around.match(/(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g) ?? []).some((one) => entropy(one) > 4.2)

/** Every repetition has an end: what a hostile script holds must neither take minutes nor the whole stack. */
const KINDS: readonly Kind[] = [
  {
    what: 'a private key',
    pattern: /-----BEGIN (?:[A-Z]{1,20} )?PRIVATE KEY-----(?:\\r|\\n|\s){0,8}(?:[A-Za-z0-9+/]{16,128}={0,2}(?:\\r|\\n|\s){0,8}){1,200}/g,
    real: (match) => match.length > 120,
  },
  { what: 'a live secret key of Stripe', pattern: /\b[sr]k_live_[A-Za-z0-9]{20,247}\b/g },
  { what: 'an access key of AWS with its secret', pattern: /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/g, real: (_match, around) => nearby(around) },
  { what: 'the id of an AWS access key', pattern: /\bAKIA[A-Z2-7]{16}\b/g, real: (_match, around) => !nearby(around), half: true },
  { what: 'a token of GitHub', pattern: /\bgh[pousr]_[A-Za-z0-9]{36}\b/g, real: checksummed },
  { what: 'a token of GitHub', pattern: /\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b/g },
  { what: 'a token of npm', pattern: /\bnpm_[A-Za-z0-9]{36}\b/g, real: checksummed },
  { what: 'a token of GitLab', pattern: /\bglpat-[\w-]{20}\b/g, real: (match) => entropy(match) > 3.5 },
  { what: 'a token of Slack', pattern: /\bxox[abprs]-\d{8,14}-\d{8,14}-[A-Za-z0-9-]{20,200}/g },
  { what: 'an API key of a language model', pattern: /\bsk-(?:proj-|svcacct-|ant-api\d\d-)[\w-]{40,400}/g, real: (match) => entropy(match) > 4 },
  { what: 'an API key of SendGrid', pattern: /\bSG\.[\w-]{22}\.[\w-]{43}(?![\w-])/g },
  {
    what: 'a token of the service role',
    // From the first dot on: tried from its beginning, a text full of beginnings takes minutes.
    pattern: /\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}/g,
    real: (match, around) => /eyJ[\w-]{10,400}$/.test(around.slice(0, around.indexOf(match))) && payloadOf(match)?.['role'] === 'service_role',
  },
  {
    what: 'a connection string with a password',
    pattern: /\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?):\/\/[^\s"'`/:@<>]{0,80}:[^\s"'`@<>/{}]{3,200}@[\w.-]{1,200}/g,
    real: (match) => !/:(?:password|pass|pwd|secret|user|postgres|root)@/i.test(match),
  },
]

/** Candidates of a kind that are looked at in one text: no script of a site has so many, and one made of nothing else would take long. */
const MOST_CANDIDATES = 10_000

/** Every kind of secret that the text holds, each once. Never returns the text of a secret. */
export function findSecrets(text: string): readonly SecretFound[] {
  const found: SecretFound[] = []
  for (const { what, pattern, real, half } of KINDS) {
    let candidates = 0
    for (const match of text.matchAll(pattern)) {
      candidates += 1
      if (candidates > MOST_CANDIDATES) break
      if (PLACEHOLDER.test(match[0])) continue
      if (real?.(match[0], text.slice(Math.max(0, match.index - 400), match.index + match[0].length + 400)) === false) continue
      found.push({ what, half: half === true, length: match[0].length })
      break
    }
  }
  return found
}

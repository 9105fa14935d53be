/** Reader of Referrer-Policy (Referrer Policy §8.1): a list of tokens over all fields, the last one known wins, unknown ones are passed over. */

const REFERRER_POLICIES = [
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
] as const
export type ReferrerPolicy = (typeof REFERRER_POLICIES)[number]

export interface ReferrerPolicyReading {
  /** What a browser applies; undefined: nothing valid was said, the default holds. */
  readonly policy?: ReferrerPolicy
  readonly unknown: readonly string[]
}

const MOST = 65_536
const known = (token: string): token is ReferrerPolicy => (REFERRER_POLICIES as readonly string[]).includes(token)

/** Never throws. Tokens are compared without regard to case, as browsers do. */
export function readReferrerPolicy(fields: readonly string[]): ReferrerPolicyReading {
  const tokens = fields
    .join(',')
    .slice(0, MOST)
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '')
  const policy = tokens.filter(known).at(-1)
  const unknown = tokens.filter((token) => !known(token))
  return policy === undefined ? { unknown } : { policy, unknown }
}

/** The old words that a meta element may use as well (HTML §4.2.5.1). */
const META: Readonly<Record<string, ReferrerPolicy>> = {
  never: 'no-referrer',
  default: 'strict-origin-when-cross-origin',
  always: 'unsafe-url',
  'origin-when-crossorigin': 'origin-when-cross-origin',
}
/** `<meta name=referrer content>`: one word; undefined where it says nothing valid. */
export function readMetaReferrer(content: string): ReferrerPolicy | undefined {
  const token = content.trim().toLowerCase()
  return META[token] ?? (known(token) ? token : undefined)
}

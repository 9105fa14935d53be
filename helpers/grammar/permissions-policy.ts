/** Reader of Permissions-Policy (Permissions Policy §5.2): a structured dictionary of feature to allow-list. */
import { isInnerList, parseDictionary, Token } from 'structured-headers'

export interface PermissionsPolicy {
  readonly ok: true
  /** Feature to its allow-list: `*`, `self`, `src`, origins as sent. An empty list: nobody. */
  readonly features: ReadonlyMap<string, readonly string[]>
  /** Features whose value browsers pass over: not a list, a token or a string. */
  readonly flawed: readonly string[]
}
export interface PermissionsPolicyError {
  readonly ok: false
  /** A dictionary that does not parse is dropped whole. */
  readonly error: string
}

const MOST = 65_536

/** All fields of a response together. Never throws. */
export function readPermissionsPolicy(fields: readonly string[]): PermissionsPolicy | PermissionsPolicyError {
  const text = fields.join(', ')
  if (text.length > MOST) return { ok: false, error: `${text.length} characters` }
  try {
    const features = new Map<string, readonly string[]>()
    const flawed: string[] = []
    for (const [feature, item] of parseDictionary(text)) {
      const members = isInnerList(item) ? item[0].map((member) => member[0]) : [item[0]]
      const words = members.map((member) => (member instanceof Token ? member.toString() : typeof member === 'string' ? member : undefined))
      const good = words.filter((word) => word !== undefined)
      if (good.length < words.length) flawed.push(feature)
      if (good.length > 0 || words.length === 0) features.set(feature, good)
    }
    return { ok: true, features, flawed }
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) }
  }
}

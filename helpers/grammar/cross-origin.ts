/** Readers of the isolation headers: COOP and COEP are structured items (HTML §7.1.3, §7.1.4; RFC 9651), CORP is one exact word (Fetch §3.7). */
import { parseItem, Token } from 'structured-headers'

export type CrossOriginReading =
  | { readonly kind: 'absent' }
  | { readonly kind: 'value'; readonly value: string; readonly reportTo?: string }
  /** Browsers take the default instead. */
  | { readonly kind: 'malformed'; readonly error: string }

const MOST = 65_536

function readToken(fields: readonly string[], allowed: readonly string[]): CrossOriginReading {
  if (fields.length === 0) return { kind: 'absent' }
  // Several fields are one list, and a list is no item (RFC 9651 §4.2).
  const value = fields.join(', ').slice(0, MOST)
  try {
    const [item, parameters] = parseItem(value)
    if (!(item instanceof Token)) return { kind: 'malformed', error: `${JSON.stringify(value.slice(0, 80))} is no token` }
    const word = item.toString()
    if (!allowed.includes(word)) return { kind: 'malformed', error: `${JSON.stringify(word.slice(0, 80))} is no such value` }
    const reportTo = parameters.get('report-to')
    return typeof reportTo === 'string' ? { kind: 'value', value: word, reportTo } : { kind: 'value', value: word }
  } catch (error) {
    return { kind: 'malformed', error: `${JSON.stringify(value.slice(0, 80))}: ${error instanceof Error ? error.message : String(error)}` }
  }
}

const OPENER_POLICIES = ['unsafe-none', 'same-origin-allow-popups', 'same-origin', 'noopener-allow-popups'] as const
const EMBEDDER_POLICIES = ['unsafe-none', 'require-corp', 'credentialless'] as const
const RESOURCE_POLICIES = ['same-origin', 'same-site', 'cross-origin'] as const

/** Cross-Origin-Opener-Policy. Case-sensitive, unquoted. Never throws. */
export const readOpenerPolicy = (fields: readonly string[]): CrossOriginReading => readToken(fields, OPENER_POLICIES)
/** Cross-Origin-Embedder-Policy. Case-sensitive, unquoted. Never throws. */
export const readEmbedderPolicy = (fields: readonly string[]): CrossOriginReading => readToken(fields, EMBEDDER_POLICIES)
/** Cross-Origin-Resource-Policy: the combined value must equal one of the words exactly; no parameters. Never throws. */
export function readResourcePolicy(fields: readonly string[]): CrossOriginReading {
  if (fields.length === 0) return { kind: 'absent' }
  const value = fields.join(', ').slice(0, MOST)
  return (RESOURCE_POLICIES as readonly string[]).includes(value)
    ? { kind: 'value', value }
    : { kind: 'malformed', error: `${JSON.stringify(value.slice(0, 80))} is no such value` }
}

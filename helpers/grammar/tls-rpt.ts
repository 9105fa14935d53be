/** TLS reporting records (RFC 8460 §3). */
import { withoutTrailing } from './linear.ts'

export type TlsRptReading = { readonly ok: true; readonly rua: readonly string[] } | { readonly ok: false; readonly error: string }
const MOST = 65_535

/** Texts that do not begin so are no records (§3). */
export const isTlsRpt = (text: string): boolean => /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text)

const MAIL = /^mailto:[^@\s,!;?]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+(?:\?[\x21-\x7e]*)?$/i
const WEB = /^https:\/\/[a-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][\x21-\x7e]*)?$/i

/** One record; every place for reports must be one that can be sent to. Never throws. */
export function readTlsRpt(text: string): TlsRptReading {
  const wrong = (error: string): TlsRptReading => ({ ok: false, error })
  if (!isTlsRpt(text)) return wrong('does not begin with v=TLSRPTv1')
  if (text.length > MOST) return wrong(`${text.length} characters`)
  const fields = text.split(';').slice(1)
  if (fields.at(-1)?.trim() === '') fields.pop()
  let rua: readonly string[] | undefined
  for (const field of fields) {
    const [, name = '', raw = ''] = /^[ \t]*([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([\x20-\x7e][\t\x20-\x7e]*)$/.exec(field) ?? []
    const value = withoutTrailing(raw, ' \t')
    if (name === '' || value.includes('\t')) return wrong(`${JSON.stringify(field.trim().slice(0, 60))} is no name=value`)
    if (name !== 'rua') continue
    if (rua !== undefined) return wrong('rua stands there twice')
    rua = value.split(',').map((uri) => uri.trim())
  }
  if (rua === undefined) return wrong('there is no rua')
  const bad = rua.find((uri) => !MAIL.test(uri) && !WEB.test(uri))
  return bad === undefined ? { ok: true, rua } : wrong(`${JSON.stringify(bad.slice(0, 80))} is neither mailto: nor https://`)
}

/** TLSA records (RFC 6698 §2.1) and which certificate of a chain they name. */
import { createHash } from 'node:crypto'
import { certificateLinks } from './certificate.ts'

export interface Tlsa {
  readonly usage: number
  readonly selector: 0 | 1
  readonly matchingType: 0 | 1 | 2
  /** Certificate association data, lower-case hex. */
  readonly data: string
}
export type TlsaReading = { readonly ok: true; readonly value: Tlsa } | { readonly ok: false; readonly error: string }

const HEX_OF = { 1: 64, 2: 128 } as const

/** @param text `3 1 1 0f…`, as a resolver presents it */
export function readTlsa(text: string): TlsaReading {
  const [, usage, selector, matching, data = ''] = /^(\d{1,3})[ \t]+(\d{1,3})[ \t]+(\d{1,3})[ \t]+([0-9A-Fa-f][0-9A-Fa-f \t]*)$/.exec(text.trim()) ?? []
  if (usage === undefined) return { ok: false, error: 'not three numbers and hexadecimal data' }
  if (Number(usage) > 3) return { ok: false, error: `usage ${usage} is none of 0 to 3` }
  if (selector !== '0' && selector !== '1') return { ok: false, error: `selector ${selector ?? ''} is neither 0 nor 1` }
  if (matching !== '0' && matching !== '1' && matching !== '2') return { ok: false, error: `matching type ${matching ?? ''} is none of 0 to 2` }
  const hex = data.replaceAll(/[ \t]/g, '').toLowerCase()
  if (hex.length === 0 || hex.length % 2 !== 0) return { ok: false, error: 'the data are not whole octets' }
  const matchingType = Number(matching) as Tlsa['matchingType']
  if (matchingType !== 0 && hex.length !== HEX_OF[matchingType])
    return { ok: false, error: `the digest has ${hex.length / 2} octets instead of ${HEX_OF[matchingType] / 2}` }
  return { ok: true, value: { usage: Number(usage), selector: Number(selector) as 0 | 1, matchingType, data: hex } }
}

/** Whether the record names this certificate; false for one whose key cannot be found. @param raw DER */
export function tlsaNames(record: Tlsa, raw: Uint8Array): boolean {
  const bytes = record.selector === 0 ? raw : certificateLinks(raw)?.spki
  if (bytes === undefined) return false
  const value =
    record.matchingType === 0
      ? Buffer.from(bytes).toString('hex')
      : createHash(record.matchingType === 1 ? 'sha256' : 'sha512')
          .update(bytes)
          .digest('hex')
  return value === record.data
}

/** Reader of an integrity attribute (Subresource Integrity §3.5): hashes parted by white space, options after a question mark ignored. */

export interface IntegrityMetadata {
  /** Hashes of known algorithms; browsers take the strongest, any of which may match. */
  readonly hashes: readonly {
    readonly algorithm: 'sha256' | 'sha384' | 'sha512' /** Its length fits the algorithm, so that it can match at all. */
    readonly wellFormed: boolean
  }[]
  /** Passed over by browsers; with nothing else the attribute has no effect. */
  readonly unknown: readonly string[]
}

const BYTES = { sha256: 32, sha384: 48, sha512: 64 } as const
const HASH = /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/i
const MOST = 16_384

/** Never throws. */
export function readIntegrity(value: string): IntegrityMetadata {
  const hashes: { algorithm: 'sha256' | 'sha384' | 'sha512'; wellFormed: boolean }[] = []
  const unknown: string[] = []
  for (const token of value
    .slice(0, MOST)
    .split(/[\t\n\f\r ]+/)
    .filter(Boolean)) {
    const found = HASH.exec(token)
    if (found === null) unknown.push(token)
    else {
      const algorithm = (found[1] as string).toLowerCase() as 'sha256' | 'sha384' | 'sha512'
      hashes.push({ algorithm, wellFormed: Buffer.from(found[2] as string, 'base64').length === BYTES[algorithm] })
    }
  }
  return { hashes, unknown }
}

/** Does a certificate speak for this name? RFC 9525 §6, strictly: no common names, no partial wildcards, no wildcard over a public suffix. */
import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { getPublicSuffix } from 'tldts'

export type NameMatch =
  | { readonly matches: true; readonly by: string }
  | { readonly matches: false; readonly reason: 'no-names' | 'no-match' | 'partial-wildcard' | 'public-suffix-wildcard' | 'deep-wildcard' }

/** A-label form, lower case, without trailing dot; undefined for what is no name. */
function normaliseName(name: string): string | undefined {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name
  if (plain === '' || plain.length > 253) return undefined
  if (/^[\x21-\x7e]+$/.test(plain)) return plain.toLowerCase()
  const ascii = domainToASCII(plain)
  return ascii === '' ? undefined : ascii.toLowerCase()
}

/** The wildcard stands above a public suffix (`*.co.uk`, `*.com`): no browser accepts it. Suffixes of private owners (`*.github.io`) are fine. */
export function isPublicSuffixWildcard(pattern: string): boolean {
  const rest = pattern.startsWith('*.') ? pattern.slice(2).toLowerCase() : undefined
  if (rest === undefined) return false
  return !rest.includes('.') || getPublicSuffix(rest, { allowPrivateDomains: false }) === rest
}

/** The wildcard stands above a suffix below which anybody can have a name, of a registry or of a private owner (`*.com`, `*.github.io`). */
export function isSharedWildcard(pattern: string): boolean {
  const rest = pattern.startsWith('*.') ? pattern.slice(2).toLowerCase() : undefined
  return rest !== undefined && getPublicSuffix(rest, { allowPrivateDomains: true }) === rest
}

/** `*` anywhere but as the whole left-most label. */
export const isPartialWildcard = (pattern: string): boolean => pattern.includes('*') && (!pattern.startsWith('*.') || pattern.indexOf('*', 1) !== -1)

/** Bytes of an address, for comparison: `::1` and `0:0:0:0:0:0:0:1` are one. */
function canonicalAddress(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address.replace(/%.*$/, '')}]/`).hostname : address
}

/** Compares a reference name (a DNS name in any form, or an address) with the dNSName and iPAddress entries of subjectAltName. */
export function matchServerName(reference: string, names: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] }): NameMatch {
  if (names.dnsNames.length === 0 && names.ipAddresses.length === 0) return { matches: false, reason: 'no-names' }
  if (isIP(reference) !== 0) {
    const wanted = canonicalAddress(reference)
    const found = names.ipAddresses.find((one) => isIP(one) !== 0 && canonicalAddress(one) === wanted)
    return found === undefined ? { matches: false, reason: 'no-match' } : { matches: true, by: found }
  }
  const wanted = normaliseName(reference)
  if (wanted === undefined) return { matches: false, reason: 'no-match' }
  const labels = wanted.split('.')
  let reason: Extract<NameMatch, { matches: false }>['reason'] = 'no-match'
  for (const one of names.dnsNames) {
    // A certificate carries A-labels (RFC 9525 §6.3): a name in its own letters is none to a client.
    if (!/^[\x21-\x7e]+$/.test(one)) continue
    const pattern = one.toLowerCase()
    if (!pattern.includes('*')) {
      if (normaliseName(pattern) === wanted) return { matches: true, by: one }
      continue
    }
    if (isPartialWildcard(pattern)) {
      if (looseMatch(pattern, wanted)) reason = 'partial-wildcard'
      continue
    }
    const rest = normaliseName(pattern.slice(2))
    if (rest === undefined) continue
    if (rest === labels.slice(1).join('.')) {
      if (isPublicSuffixWildcard(pattern)) reason = 'public-suffix-wildcard'
      else return { matches: true, by: one }
    } else if (wanted.endsWith(`.${rest}`)) reason = reason === 'no-match' ? 'deep-wildcard' : reason
  }
  return { matches: false, reason }
}

/** What a lenient client would have accepted, label by label, so that the cause can be named. */
function looseMatch(pattern: string, name: string): boolean {
  const patterns = pattern.split('.')
  const labels = name.split('.')
  return (
    patterns.length === labels.length &&
    patterns.every((one, index) => {
      const label = labels[index] as string
      const star = one.indexOf('*')
      return star < 0
        ? one === label
        : label.length >= one.length - 1 && label.startsWith(one.slice(0, star)) && label.endsWith(one.slice(one.lastIndexOf('*') + 1))
    })
  )
}

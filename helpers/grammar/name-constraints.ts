/** Name constraints of an authority (RFC 5280 §4.2.1.10): for which names and addresses it may certify at all. Clients refuse a leaf that holds any other. */
import { inNetwork } from './address.ts'

export interface NameConstraints {
  /** Names at or below these; absent: names are not limited. A leading dot: below it alone. */
  readonly permittedNames?: readonly string[]
  readonly excludedNames: readonly string[]
  /** Networks as `10.0.0.0/8`; absent: addresses are not limited. */
  readonly permittedNetworks?: readonly string[]
  readonly excludedNetworks: readonly string[]
}

/** A wildcard stands for names below what follows it. */
function within(name: string, constraint: string): boolean {
  const plain = name.toLowerCase().replace(/\.$/, '').replace(/^\*\./, '')
  const base = constraint.toLowerCase().replace(/\.$/, '')
  if (base === '') return true
  if (base.startsWith('.')) return plain.endsWith(base) || (name.startsWith('*.') && plain === base.slice(1))
  return plain === base || plain.endsWith(`.${base}`)
}

/** The first name or address of a certificate that the constraints shut out; undefined: all may be certified. */
export function nameOutside(
  { permittedNames, excludedNames, permittedNetworks, excludedNetworks }: NameConstraints,
  { dnsNames, ipAddresses }: { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] },
): string | undefined {
  const name = dnsNames.find(
    (one) => excludedNames.some((base) => within(one, base)) || (permittedNames !== undefined && !permittedNames.some((base) => within(one, base))),
  )
  if (name !== undefined) return name
  return ipAddresses.find(
    (one) =>
      excludedNetworks.some((network) => inNetwork(one, network)) ||
      (permittedNetworks !== undefined && !permittedNetworks.some((network) => inNetwork(one, network))),
  )
}

/** The constraints in words. */
export function constraintsText({ permittedNames, excludedNames, permittedNetworks, excludedNetworks }: NameConstraints): string {
  const list = (what: string, items: readonly string[] | undefined): readonly string[] =>
    items === undefined || items.length === 0 ? [] : [`${what} ${items.slice(0, 8).join(', ')}`]
  return [...list('only', permittedNames), ...list('only', permittedNetworks), ...list('not', excludedNames), ...list('not', excludedNetworks)].join('; ')
}

/** What the dns checks share: whose names are asked for, how an answer reads in evidence, which addresses are in it. */
import type { Subject } from '../../helpers/check.ts'
import { hostOf } from '../../helpers/check.ts'
import { inNetwork } from '../../helpers/grammar/address.ts'
import type { DnsObservation, DnsRecord } from '../../helpers/observations.ts'
import type { Observed } from '../../helpers/probe.ts'
import type { ServerAnswer } from '../../helpers/probes/dns-zone.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Host, pinnedAddresses, type Target } from '../../helpers/target.ts'
import type { Evidence } from '../../helpers/verdict.ts'

/**
 * A name whose every address is pinned, in a target that says nothing of DNS (no `dns:`, no resolver), is not reached by DNS: there is nothing to
 * judge, and nobody is asked. Pins otherwise say how we reach the host; these checks judge what DNS tells everybody else.
 */
export const usesDns = (target: Target, fqdn: string): boolean =>
  target.file.dns !== undefined || target.file.network?.resolver !== undefined || pinnedAddresses(target, fqdn) === undefined

export const dnsHosts =
  (keep: (host: Host, target: Target) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    target.hosts.filter((host) => usesDns(target, host.fqdn) && keep(host, target)).map((host) => ({ name: host.fqdn, host }))

/** The domain itself, with its host where the target has one. */
export const dnsDomain =
  (keep: (target: Target) => boolean = () => true) =>
  (target: Target): readonly Subject[] => {
    if (!usesDns(target, target.domain) || !keep(target)) return []
    const host = target.hosts.find((one) => one.fqdn === target.domain)
    return [host === undefined ? { name: target.domain } : { name: target.domain, host }]
  }

export const noDns = { skip: 'not-applicable', reason: 'every name is pinned (network.addresses) and the target says nothing of DNS' } as const

const MOST_SHOWN = 12
export const listed = (items: readonly string[]): string =>
  items.length > MOST_SHOWN ? `${items.slice(0, MOST_SHOWN).join(', ')} and ${items.length - MOST_SHOWN} more` : items.join(', ')

export const recordLine = (record: DnsRecord): string => `${record.name} ${record.ttl} ${record.type} ${record.value}`

/** Rcode and records, on one line. */
export const answerLine = (seen: DnsObservation): string => {
  if (seen.answers.length > 0) return `${seen.rcode === 'NOERROR' ? '' : `${seen.rcode}, `}${listed(seen.answers.map(recordLine))}`
  return seen.rcode === 'NOERROR' ? `NODATA: no ${seen.type} record` : seen.rcode
}
export const lookLine = (seen: Observed<DnsObservation>): string => (seen.ok ? answerLine(seen.value) : `${seen.failure.code}: ${seen.failure.message}`)

export const seenAt = (seen: DnsObservation, expected: string, received = answerLine(seen), what = `${seen.name} ${seen.type}`): Evidence => ({
  what,
  expected,
  received,
  where: `@${seen.server}`,
  at: seen.at,
})
/** The same where there may have been no answer at all. */
export const looked = (what: string, seen: Observed<DnsObservation>, expected: string, where?: string): Evidence =>
  seen.ok ? seenAt(seen.value, expected, undefined, what) : { what, expected, received: lookLine(seen), ...(where === undefined ? {} : { where }) }

/** AAAA records that a resolver makes out of A records for networks without IPv4 (DNS64, RFC 6147, RFC 6052 §2.1): none of the zone's. */
const isSynthesised = ({ type, value }: DnsRecord): boolean => type === 'AAAA' && inNetwork(value, '64:ff9b::/96')

export const valuesOf = (seen: DnsObservation, type: string): readonly string[] => [
  ...new Set(seen.answers.filter((record) => record.type === type && !isSynthesised(record)).map((record) => record.value)),
]
/** A and AAAA records of the answers that came; nothing of those that did not. */
export const addressesIn = (...seen: readonly Observed<DnsObservation>[]): readonly string[] => [
  ...new Set(seen.flatMap((one) => (one.ok ? [...valuesOf(one.value, 'A'), ...valuesOf(one.value, 'AAAA')] : []))),
]
/** True where the answer says that the asked records do not exist: NXDOMAIN, or no such type. Refusals and failures say nothing. */
export const isEmpty = (seen: DnsObservation): boolean => seen.rcode === 'NXDOMAIN' || (seen.rcode === 'NOERROR' && seen.noData)
/** NOERROR or NXDOMAIN: the question was answered. */
export const isAnswer = (seen: DnsObservation): boolean => seen.rcode === 'NOERROR' || seen.rcode === 'NXDOMAIN'

export const within = (address: string, networks: readonly string[]): boolean => networks.some((network) => inNetwork(address, network))
export const isV6 = (text: string): boolean => text.includes(':')
export const isInternal = (target: Target, host: Host): boolean =>
  target.file.dns?.internalHosts?.some((name) => name.toLowerCase() === host.name.toLowerCase()) === true

/** Owner and value of the records at the name itself, sorted: comparable between servers whatever the order. */
export const recordSet = (seen: DnsObservation, name = seen.name): string =>
  seen.answers
    .filter((record) => record.name === name)
    .map((record) => `${record.type} ${record.value}`)
    .sort()
    .join(', ')

export const answered = (all: readonly ServerAnswer[]): readonly { readonly name: string; readonly value: DnsObservation }[] =>
  all.flatMap(({ name, seen }) => (seen.ok ? [{ name, value: seen.value }] : []))
export const silentOnes = (all: readonly ServerAnswer[]): readonly ServerAnswer[] => all.filter(({ seen }) => !seen.ok)

/**
 * Some networks send every question on port 53 to a resolver of theirs. Then all "servers of the zone" answer as that one does, with recursion and
 * without authority, and what they say is not about them.
 */
export const intercepted = (all: readonly ServerAnswer[]): boolean => {
  const seen = answered(all).filter(({ value }) => value.rcode === 'NOERROR')
  return (
    seen.length > 0 &&
    seen.length === answered(all).length &&
    seen.every(({ value }) => value.recursionAvailable && !value.authoritative && value.answers.length > 0)
  )
}

export const dig =
  (type = 'A') =>
  (subject: Subject, target: Target): string =>
    digFor(target, subject.host?.fqdn ?? subject.name, type)
/** Two questions on one line. */
export const digBoth = (subject: Subject, target: Target): string =>
  `${digFor(target, hostOf(subject).fqdn, 'A')}; ${digFor(target, hostOf(subject).fqdn, 'AAAA')}`
/** The question to every resolver of the target. */
export const digResolvers =
  (type: string) =>
  (subject: Subject, target: Target): string => {
    const { resolver, resolvers = [] } = target.file.network ?? {}
    const name = subject.host?.fqdn ?? subject.name
    return [...new Set([resolver, ...resolvers])].map((server) => digFor(target, name, type, server)).join('; ')
  }
/** The question to every server of the zone. */
export const digServers =
  (type: string, flag = '+norecurse') =>
  (subject: Subject, target: Target): string => {
    const name = subject.host?.fqdn ?? subject.name
    const mapped = Object.values(target.file.network?.nameservers ?? {})
    if (mapped.length > 0) return mapped.map((server) => `${digFor(target, name, type, server)} ${flag}`).join('; ')
    return `for ns in $(${digFor(target, target.domain, 'NS')} +short); do dig @"$ns" ${flag} ${type} ${name}; done`
  }

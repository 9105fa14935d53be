/** Looks at a zone from several sides: who serves it, what each of its servers says, what its parent says, what every resolver says. */
import { getDomain } from 'tldts'
import type { DnsObservation, DnsRecord, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError, type ProbeFailure } from '../probe.ts'
import { dnsQuery, type DnsQuestion, resolverOf } from './dns.ts'
import { tlsHandshake } from './tls.ts'

/** A server of the zone and where it is asked; `failure` where its name leads to no address. */
interface NameServer {
  readonly name: string
  /** `address[:port]` */
  readonly server?: string
  readonly failure?: ProbeFailure
}
export interface Zone {
  readonly apex: string
  /** As the resolver tells them. */
  readonly servers: readonly NameServer[]
}
/** What one server said; `name` is the server's name, or the address of a resolver. */
export interface ServerAnswer {
  readonly name: string
  readonly server: string
  readonly seen: Observed<DnsObservation>
}

/** Zones have 13 servers at most by old custom; more are not asked. */
const MOST_SERVERS = 8
const WHOLE_MS = 60_000
const above = (name: string): string => name.slice(name.indexOf('.') + 1)
const unanswered = (failure: ProbeFailure): Observed<DnsObservation> => ({ ok: false, failure, startedAt: '', durationMs: 0, attempts: 0 })

/** Where a server of a zone is: `network.nameservers` (when given, names without an entry do not exist for this vantage), else its first address. */
async function locate(context: ProbeContext, name: string): Promise<NameServer> {
  const mapped = context.target.file.network?.nameservers
  if (mapped !== undefined) {
    const server = Object.entries(mapped).find(([key]) => key.toLowerCase().replace(/\.$/, '') === name)?.[1]
    return server === undefined ? { name, failure: { code: 'UNMAPPED', message: `${name} is not in network.nameservers`, phase: 'resolve' } } : { name, server }
  }
  let failure: ProbeFailure | undefined
  for (const type of ['A', ...(context.target.file.network?.ipv6 === false ? [] : ['AAAA'])]) {
    const seen = await context.observe(dnsQuery({ name, type }))
    const address = seen.ok ? seen.value.answers.find((record) => record.type === type)?.value : undefined
    if (address !== undefined) return { name, server: type === 'AAAA' ? `[${address}]:53` : address }
    failure ??= seen.ok
      ? { code: seen.value.rcode === 'NOERROR' ? 'NODATA' : seen.value.rcode, message: `${name} has no address`, phase: 'resolve' }
      : seen.failure
  }
  return { name, failure: failure ?? { code: 'NODATA', message: `${name} has no address`, phase: 'resolve' } }
}

const serversIn = (records: readonly DnsRecord[], apex: string): readonly string[] => [
  ...new Set(records.filter((record) => record.type === 'NS' && record.name === apex).map((record) => record.value)),
]

/**
 * The zone that a name lives in, found by its SOA (RFC 1034 §4.2.1), and its servers as the resolver tells them.
 * @throws ProbeError `NOZONE` when no zone at or below the registrable domain owns it; what the resolver did
 */
export function zoneOf(name: string): Probe<Zone> {
  return {
    kind: 'zoneOf',
    key: `zoneOf ${name}`,
    impact: 'read',
    cost: { connections: 0, requests: 8 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const limit = getDomain(name, { allowPrivateDomains: false }) ?? name
      for (let candidate = name; candidate === limit || candidate.endsWith(`.${limit}`); candidate = above(candidate)) {
        const seen = await context.observe(dnsQuery({ name: candidate, type: 'SOA' }))
        if (!seen.ok) throw new ProbeError(seen.failure)
        if (seen.value.rcode !== 'NOERROR' && seen.value.rcode !== 'NXDOMAIN')
          throw new ProbeError({ code: seen.value.rcode, message: `${candidate} SOA: ${seen.value.rcode}`, phase: 'resolve' })
        if (!seen.value.answers.some((record) => record.type === 'SOA' && record.name === candidate)) continue
        const list = await context.observe(dnsQuery({ name: candidate, type: 'NS' }))
        if (!list.ok) throw new ProbeError(list.failure)
        const names = serversIn(list.value.answers, candidate).slice(0, MOST_SERVERS)
        return { apex: candidate, servers: await Promise.all(names.map((one) => locate(context, one))) }
      }
      throw new ProbeError({ code: 'NOZONE', message: `no zone owns ${name}`, phase: 'resolve' })
    },
  }
}

/** A question to several servers. */
type SharedQuestion = Omit<DnsQuestion, 'server'>
const ask = (context: ProbeContext, servers: readonly NameServer[], question: SharedQuestion): Promise<readonly ServerAnswer[]> =>
  Promise.all(
    servers.map(async ({ name, server, failure }) =>
      server === undefined
        ? { name, server: '', seen: unanswered(failure ?? { code: 'NODATA', message: `${name} has no address`, phase: 'resolve' }) }
        : { name, server, seen: await context.observe(dnsQuery({ recursionDesired: false, ...question, server })) },
    ),
  )
const flags = (question: Partial<SharedQuestion>): string =>
  Object.entries(question)
    .filter(([key, value]) => key !== 'name' && key !== 'type' && value !== undefined)
    .map(([key, value]) => ` ${key}=${String(value)}`)
    .join('')

/**
 * The same question to every server of the zone that `inZone` lives in, without asking for recursion unless told to. Failures stay visible per
 * server; `name` is the apex of that zone unless given.
 * @throws ProbeError where the zone cannot be found
 */
export function authoritativeAnswers(inZone: string, question: Omit<SharedQuestion, 'name'> & { readonly name?: string }): Probe<readonly ServerAnswer[]> {
  return {
    kind: 'authoritativeAnswers',
    key: `authoritativeAnswers ${inZone}: ${question.name ?? 'apex'} ${question.type}${flags(question)}`,
    impact: 'read',
    cost: { connections: 0, requests: MOST_SERVERS },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const zone = await context.observe(zoneOf(inZone))
      if (!zone.ok) throw new ProbeError(zone.failure)
      return await ask(context, zone.value.servers, { name: zone.value.apex, ...question })
    },
  }
}

/** The same question to the target's resolver and to every further one (`network.resolvers`), the first one first. */
export function resolverAnswers(question: SharedQuestion): Probe<readonly ServerAnswer[]> {
  return {
    kind: 'resolverAnswers',
    key: `resolverAnswers ${question.name} ${question.type}${flags(question)}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const first = resolverOf(context)
      const further = [...new Set(context.target.file.network?.resolvers ?? [])].filter((one) => one !== first).slice(0, MOST_SERVERS)
      return await Promise.all([
        context.observe(dnsQuery(question)).then((seen) => ({ name: first, server: first, seen })),
        ...further.map(async (server) => ({ name: server, server, seen: await context.observe(dnsQuery({ ...question, server })) })),
      ])
    },
  }
}

/** Name servers of the zone as the servers of its parent delegate it (answer or referral), asked one after the other until one answers. */
export interface Delegation {
  readonly apex: string
  readonly parent: string
  /** The parent's server that answered. */
  readonly from: string
  readonly names: readonly string[]
  /** SOA of the zone at those that the zone itself does not name: nobody else asks them. */
  readonly strangers: readonly ServerAnswer[]
}
/** @throws ProbeError `NOZONE`, `NOPARENT` (no server of the parent answered usefully) */
export function delegationOf(name: string): Probe<Delegation> {
  return {
    kind: 'delegationOf',
    key: `delegationOf ${name}`,
    impact: 'read',
    cost: { connections: 0, requests: 12 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const zone = await context.observe(zoneOf(name))
      if (!zone.ok) throw new ProbeError(zone.failure)
      const { apex } = zone.value
      for (let parent = above(apex), steps = 0; parent !== '' && steps < 4; parent = parent.includes('.') ? above(parent) : '', steps += 1) {
        const list = await context.observe(dnsQuery({ name: parent, type: 'NS' }))
        if (!list.ok) throw new ProbeError(list.failure)
        for (const server of serversIn(list.value.answers, parent).slice(0, 3)) {
          const where = await locate(context, server)
          if (where.server === undefined) continue
          const seen = await context.observe(dnsQuery({ name: apex, type: 'NS', server: where.server, recursionDesired: false }))
          if (!seen.ok || seen.value.rcode !== 'NOERROR') continue
          const names = serversIn([...seen.value.answers, ...seen.value.authority], apex)
          if (names.length === 0) continue
          const strange = names.filter((one) => !zone.value.servers.some((known) => known.name === one)).slice(0, MOST_SERVERS)
          const located = await Promise.all(strange.map((one) => locate(context, one)))
          return { apex, parent, from: `${server} (${where.server})`, names, strangers: await ask(context, located, { name: apex, type: 'SOA' }) }
        }
      }
      throw new ProbeError({ code: 'NOPARENT', message: `no server of the zone above ${apex} could be asked`, phase: 'resolve' })
    },
  }
}

/** A chain of CNAMEs followed by hand, one question per step (RFC 1034 §3.6.2). */
export interface CnameChain {
  /** Every name after the first, in order. */
  readonly hops: readonly string[]
  /** More than one CNAME stood at one name. */
  readonly several?: string
  /** `loop`: a name came back; `too-long`: 16 steps and no end; `failed`: a question was not answered. */
  readonly end: 'end' | 'loop' | 'too-long' | 'failed'
  readonly reason?: string
  /** What stands at the last name, by the A question. */
  readonly last?: Observed<DnsObservation>
}
const MOST_STEPS = 16
export function cnameChain(name: string): Probe<CnameChain> {
  return {
    kind: 'cnameChain',
    key: `cnameChain ${name}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const hops: string[] = []
      let several: string | undefined
      const done = (end: CnameChain['end'], more: Partial<CnameChain> = {}): CnameChain => ({
        hops,
        end,
        ...(several === undefined ? {} : { several }),
        ...more,
      })
      for (let at = name; ; ) {
        const seen = await context.observe(dnsQuery({ name: at, type: 'CNAME' }))
        if (!seen.ok) return done('failed', { reason: `${at} CNAME: ${seen.failure.message} (${seen.failure.code})` })
        if (seen.value.rcode !== 'NOERROR' && seen.value.rcode !== 'NXDOMAIN') return done('failed', { reason: `${at} CNAME: ${seen.value.rcode}` })
        const here = [...new Set(seen.value.answers.filter((record) => record.type === 'CNAME' && record.name === at).map((record) => record.value))]
        if (here.length > 1) several ??= `${at}: ${here.join(', ')}`
        const next = here[0]
        if (next === undefined) return done('end', { last: await context.observe(dnsQuery({ name: at, type: 'A' })) })
        if (next === name || hops.includes(next)) return done('loop', { reason: `${at} points to ${next} again` })
        hops.push(next)
        if (hops.length >= MOST_STEPS) return done('too-long')
        at = next
      }
    },
  }
}

/** CAA as an issuer looks for it (RFC 8659 §3): the name, then each name above it, until a record set is found. */
export function caaClimb(name: string): Probe<readonly { readonly name: string; readonly seen: Observed<DnsObservation> }[]> {
  return {
    kind: 'caaClimb',
    key: `caaClimb ${name}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const steps: { name: string; seen: Observed<DnsObservation> }[] = []
      for (let at = name; at !== '' && steps.length < 12; at = at.includes('.') ? above(at) : '') {
        const seen = await context.observe(dnsQuery({ name: at, type: 'CAA' }))
        steps.push({ name: at, seen })
        if (!seen.ok || seen.value.answers.some((record) => record.type === 'CAA')) break
      }
      return steps
    },
  }
}

/** A name and where it leads, A and AAAA, by the resolver. */
export interface NameAddresses {
  readonly name: string
  readonly a: Observed<DnsObservation>
  readonly aaaa: Observed<DnsObservation>
}
const addressesOf = (context: ProbeContext, names: readonly string[]): Promise<readonly NameAddresses[]> =>
  Promise.all(
    names.map(async (name) => {
      const [a, aaaa] = await Promise.all([context.observe(dnsQuery({ name, type: 'A' })), context.observe(dnsQuery({ name, type: 'AAAA' }))])
      return { name, a, aaaa }
    }),
  )

/**
 * The names in the MX records of a name, or in the NS records of the zone it lives in, and where they lead. A null MX (RFC 7505) names nobody.
 * @throws ProbeError what the resolver did
 */
export function recordTargets(name: string, type: 'NS' | 'MX'): Probe<{ readonly records: DnsObservation; readonly targets: readonly NameAddresses[] }> {
  return {
    kind: 'recordTargets',
    key: `recordTargets ${name} ${type}`,
    impact: 'read',
    cost: { connections: 0, requests: 1 + 2 * MOST_SERVERS },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      let owner = name
      if (type === 'NS') {
        const zone = await context.observe(zoneOf(name))
        if (!zone.ok) throw new ProbeError(zone.failure)
        owner = zone.value.apex
      }
      const seen = await context.observe(dnsQuery({ name: owner, type }))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const names = seen.value.answers.filter((record) => record.type === type).map((record) => record.value.split(' ').at(-1) ?? '')
      const asked = [...new Set(names)].filter((one) => one !== '' && one !== '.').slice(0, MOST_SERVERS)
      return { records: seen.value, targets: await addressesOf(context, asked) }
    },
  }
}

/** The names below the domain in the certificate that a host serves (no wildcards, at most 50), and where they lead. */
export interface CertificateNames {
  readonly tls: TlsObservation
  readonly names: readonly NameAddresses[]
}
const MOST_NAMES = 50
/** @throws ProbeError what the handshake did */
export function certificateNames(host: string, domain: string): Probe<CertificateNames> {
  return {
    kind: 'certificateNames',
    key: `certificateNames ${host}`,
    impact: 'read',
    cost: { connections: 1, requests: 4 },
    host,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const tls = await context.observe(tlsHandshake({ host }))
      if (!tls.ok) throw new ProbeError(tls.failure)
      const names = (tls.value.chain[0]?.dnsNames ?? []).map((name) => name.toLowerCase().replace(/\.$/, ''))
      const mine = [...new Set(names)]
        .filter((name) => (name === domain || name.endsWith(`.${domain}`)) && /^[a-z0-9_][a-z0-9_.-]*$/.test(name))
        .slice(0, MOST_NAMES)
      return { tls: tls.value, names: await addressesOf(context, mine) }
    },
  }
}

/** The servers that MX names, each asked the same at every address; and what stands beside them in DNS. Facts only. */
import { isIP } from 'node:net'
import type { DnsObservation, TcpObservation } from '../observations.ts'
import { type Impact, isUnroutable, type Observed, type Probe, ProbeError } from '../probe.ts'
import { dnsQuery } from './dns.ts'
import { resolveHost, usableAddresses } from './resolve.ts'
import { reverseName } from './spf.ts'
import { MX_PORT } from './smtp.ts'
import { tcpConnect } from './tcp.ts'

const MOST_SERVERS = 4
const MOST_ADDRESSES = 2
const WHOLE_MS = 300_000

/** One server at one address; or one whose name has none. */
export interface Exchanger<T> {
  readonly name: string
  readonly address?: string
  readonly seen: Observed<T>
}
export interface ExchangerLook<T> {
  readonly mx: DnsObservation
  /** Names of MX in order, the first four; empty for a null MX. */
  readonly names: readonly string[]
  readonly servers: readonly Exchanger<T>[]
  /** Whether somebody else's mail server (mail.mx.control) could be reached on port 25, where no server of the domain could. */
  readonly control?: { readonly host: string; readonly seen: Observed<TcpObservation> }
}

/** MX hosts, best first, each once; without the null MX. */
export const exchangerNames = (mx: DnsObservation): readonly string[] =>
  [
    ...new Set(
      mx.answers
        .filter((record) => record.type === 'MX')
        .map((record) => record.value.split(' '))
        .sort((a, b) => Number(a[0]) - Number(b[0]))
        .map((parts) => (parts.at(-1) ?? '').toLowerCase().replace(/\.$/, '')),
    ),
  ].filter((name) => name !== '' && isIP(name) === 0)

/**
 * @param what unique to what `make` asks
 * @throws ProbeError what the resolver did to the MX question; `NOT_AUTHORISED` where what is asked needs a consent that a server has not
 */
export function atExchangers<T>(
  domain: string,
  what: string,
  impact: Impact,
  make: (place: { readonly host: string; readonly address: string; readonly port: number; readonly mode: 'plain' }) => Probe<T>,
): Probe<ExchangerLook<T>> {
  // Which servers there are, and at how many addresses, is not known before they are asked.
  const { connections, requests } = make({ host: domain, address: '127.0.0.1', port: MX_PORT, mode: 'plain' }).cost
  const most = MOST_SERVERS * MOST_ADDRESSES
  return {
    kind: 'atExchangers',
    key: `atExchangers ${domain} ${what}`,
    impact,
    cost: { connections: connections * most, requests: requests * most, atMost: true },
    host: domain,
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const asked = await context.observe(dnsQuery({ name: domain, type: 'MX' }))
      if (!asked.ok) throw new ProbeError(asked.failure)
      const names = exchangerNames(asked.value).slice(0, MOST_SERVERS)
      const one = async (name: string): Promise<readonly Exchanger<T>[]> => {
        const resolved = await context.observe(resolveHost(name))
        if (!resolved.ok) return [{ name, seen: resolved }]
        const addresses = usableAddresses(context.target, resolved.value).slice(0, MOST_ADDRESSES)
        const seen = await Promise.all(
          addresses.map(async ({ address }) => ({ name, address, seen: await context.observe(make({ host: name, address, port: MX_PORT, mode: 'plain' })) })),
        )
        // A runner without IPv6 says nothing about the server, as long as there is another way to it.
        const told = seen.filter((each) => each.seen.ok || !isUnroutable(each.seen.failure, each.address))
        return told.length > 0 ? told : seen
      }
      // What acts is said to one server after the other.
      const servers: Exchanger<T>[] = []
      if (impact === 'read') servers.push(...(await Promise.all(names.map(one))).flat())
      else for (const name of names) servers.push(...(await one(name)))
      for (const { seen } of servers) if (!seen.ok && seen.failure.code === 'NOT_AUTHORISED') throw new ProbeError(seen.failure)
      const host = context.target.file.mail?.mx?.control
      if (host === undefined || servers.length === 0 || servers.some(({ seen }) => seen.ok)) return { mx: asked.value, names, servers }
      return { mx: asked.value, names, servers, control: { host, seen: await context.observe(tcpConnect({ host, port: MX_PORT })) } }
    },
  }
}

export interface BlocklistAnswer {
  readonly list: string
  readonly seen: Observed<DnsObservation>
}
export interface BlocklistLook {
  readonly addresses: readonly { readonly address: string; readonly of: string; readonly answers: readonly BlocklistAnswer[] }[]
  /** The test entry that every list has (RFC 5782 §5, 127.0.0.2): a list that does not answer it says nothing about anybody. */
  readonly tests: readonly BlocklistAnswer[]
}
/** Name under a list (RFC 5782 §2). */
const listedName = (address: string, list: string): string => `${reverseName(address).replace(/\.(?:in-addr|ip6)\.arpa$/, '')}.${list}`

/** Addresses of the domain's servers as DNS names them, and those declared for senders, looked up in blocklists. */
export function blocklistLook(
  domain: string,
  lists: readonly string[],
  senders: readonly { readonly name: string; readonly address: string }[],
): Probe<BlocklistLook> {
  return {
    kind: 'blocklistLook',
    key: `blocklistLook ${domain} ${lists.join(',')} ${senders.map(({ address }) => address).join(',')}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 * lists.length },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const mx = await context.observe(dnsQuery({ name: domain, type: 'MX' }))
      if (!mx.ok) throw new ProbeError(mx.failure)
      const places = new Map<string, string>(senders.map(({ name, address }) => [address, name]))
      for (const name of exchangerNames(mx.value).slice(0, MOST_SERVERS)) {
        for (const type of ['A', 'AAAA']) {
          const seen = await context.observe(dnsQuery({ name, type }))
          if (seen.ok) for (const answer of seen.value.answers) if (answer.type === type && !places.has(answer.value)) places.set(answer.value, name)
        }
      }
      const ask = async (list: string, name: string): Promise<BlocklistAnswer> => ({ list, seen: await context.observe(dnsQuery({ name, type: 'A' })) })
      const [tests, addresses] = await Promise.all([
        Promise.all(lists.map((list) => ask(list, listedName('127.0.0.2', list)))),
        Promise.all(
          [...places].map(async ([address, of]) => ({ address, of, answers: await Promise.all(lists.map((list) => ask(list, listedName(address, list)))) })),
        ),
      ])
      return { tests, addresses }
    },
  }
}

/** The names of the addresses that DNS has for the domain's servers. */
export interface ExchangerPointers {
  readonly servers: readonly { readonly name: string; readonly address: string; readonly pointer: Observed<DnsObservation> }[]
}
export function exchangerPointers(domain: string): Probe<ExchangerPointers> {
  return {
    kind: 'exchangerPointers',
    key: `exchangerPointers ${domain}`,
    impact: 'read',
    cost: { connections: 0, requests: 6 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const mx = await context.observe(dnsQuery({ name: domain, type: 'MX' }))
      if (!mx.ok) throw new ProbeError(mx.failure)
      const servers = await Promise.all(
        exchangerNames(mx.value)
          .slice(0, MOST_SERVERS)
          .map(async (name) => {
            const seen = await Promise.all(['A', 'AAAA'].map((type) => context.observe(dnsQuery({ name, type }))))
            const addresses = seen.flatMap((one) =>
              one.ok ? one.value.answers.filter(({ type }) => type === 'A' || type === 'AAAA').map(({ value }) => value) : [],
            )
            return await Promise.all(
              addresses
                .slice(0, 2 * MOST_ADDRESSES)
                .map(async (address) => ({ name, address, pointer: await context.observe(dnsQuery({ name: reverseName(address), type: 'PTR' })) })),
            )
          }),
      )
      return { servers: servers.flat() }
    },
  }
}

/** What DNS and HTTPS say about where mail goes and where it comes from: MTA-STS policies, names of sending addresses, TLSA of mail servers. Facts only. */
import { isIP } from 'node:net'
import { isMtaSts } from '../grammar/mta-sts.ts'
import type { DnsObservation, HttpObservation, TlsObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { dnsQuery } from './dns.ts'
import { httpRequest } from './http.ts'
import { reverseName } from './spf.ts'
import { tlsHandshake } from './tls.ts'

const WHOLE_MS = 60_000
const MOST_SERVERS = 8
/** A policy of more than 64 KB is not read (RFC 8461 §3.2); the body is asked for with one byte more, so that it shows. */
const MOST_POLICY_BYTES = 65_536

export interface MtaStsLook {
  readonly record: DnsObservation
  /** Undefined where no record claims that there is a policy. */
  readonly tls?: Observed<TlsObservation>
  /** The answer to GET, redirects not followed (RFC 8461 §3.3). */
  readonly policy?: Observed<HttpObservation>
}
export const mtaStsHost = (domain: string): string => `mta-sts.${domain}`
export const mtaStsUrl = (domain: string): string => `https://${mtaStsHost(domain)}/.well-known/mta-sts.txt`

/** @throws ProbeError what the resolver did */
export function mtaSts(domain: string): Probe<MtaStsLook> {
  return {
    kind: 'mtaSts',
    key: `mtaSts ${domain}`,
    impact: 'read',
    cost: { connections: 1, requests: 2 },
    host: mtaStsHost(domain),
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const record = await context.observe(dnsQuery({ name: `_mta-sts.${domain}`, type: 'TXT' }))
      if (!record.ok) throw new ProbeError(record.failure)
      if (!record.value.answers.some((answer) => answer.type === 'TXT' && isMtaSts(answer.value))) return { record: record.value }
      const host = mtaStsHost(domain)
      const tls = await context.observe(tlsHandshake({ host }))
      const policy = await context.observe(httpRequest({ scheme: 'https', host, path: '/.well-known/mta-sts.txt', maxBodyBytes: MOST_POLICY_BYTES + 1 }))
      return { record: record.value, tls, policy }
    },
  }
}

/** The names of an address and where they lead, in the family of the address. */
export interface ReverseLook {
  readonly address: string
  readonly pointer: DnsObservation
  readonly names: readonly { readonly name: string; readonly seen: Observed<DnsObservation>; readonly leadsBack: boolean }[]
  /** Addresses of the name that the sender greets with, where it is declared. */
  readonly greeting?: { readonly name: string; readonly seen: readonly Observed<DnsObservation>[] }
}
/** The same address however it is written. */
const sameAddress = (one: string, other: string): boolean => isIP(one) !== 0 && isIP(one) === isIP(other) && reverseName(one) === reverseName(other)

/** @throws ProbeError what the resolver did */
export function reverseLook(address: string, helo?: string): Probe<ReverseLook> {
  return {
    kind: 'reverseLook',
    key: `reverseLook ${address}${helo === undefined ? '' : ` helo=${helo}`}`,
    impact: 'read',
    cost: { connections: 0, requests: 2 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const pointer = await context.observe(dnsQuery({ name: reverseName(address), type: 'PTR' }))
      if (!pointer.ok) throw new ProbeError(pointer.failure)
      const type = address.includes(':') ? 'AAAA' : 'A'
      const names = [...new Set(pointer.value.answers.filter((record) => record.type === 'PTR').map((record) => record.value))].slice(0, MOST_SERVERS)
      const greets = helo === undefined ? [] : await Promise.all(['A', 'AAAA'].map((one) => context.observe(dnsQuery({ name: helo, type: one }))))
      return {
        address,
        pointer: pointer.value,
        ...(helo === undefined ? {} : { greeting: { name: helo, seen: greets } }),
        names: await Promise.all(
          names.map(async (name) => {
            const seen = await context.observe(dnsQuery({ name, type }))
            const leadsBack = seen.ok && seen.value.answers.some((record) => record.type === type && sameAddress(record.value, address))
            return { name, seen, leadsBack }
          }),
        ),
      }
    },
  }
}

/** One mail server and its TLSA records at port 25. */
export interface MailServerTlsa {
  readonly name: string
  readonly tlsa: Observed<DnsObservation>
  /** The same with checking disabled, where the answer was SERVFAIL: bogus records are answered then. */
  readonly unchecked?: Observed<DnsObservation>
  /** Its addresses, A and AAAA, asked with DNSSEC: insecure ones make DANE unusable (RFC 7672 §2.2.2). */
  readonly addresses: readonly Observed<DnsObservation>[]
}
/** @throws ProbeError what the resolver did to the MX question */
export function mailTlsa(domain: string): Probe<{ readonly mx: DnsObservation; readonly servers: readonly MailServerTlsa[] }> {
  return {
    kind: 'mailTlsa',
    key: `mailTlsa ${domain}`,
    impact: 'read',
    cost: { connections: 0, requests: 4 },
    timeoutMs: WHOLE_MS,
    run: async (context) => {
      const mx = await context.observe(dnsQuery({ name: domain, type: 'MX', dnssecOk: true }))
      if (!mx.ok) throw new ProbeError(mx.failure)
      const names = mx.value.answers.filter((record) => record.type === 'MX').map((record) => record.value.split(' ').at(-1) ?? '')
      const asked = [...new Set(names)].filter((name) => name !== '' && name !== '.' && isIP(name) === 0).slice(0, MOST_SERVERS)
      const servers = await Promise.all(
        asked.map(async (name) => {
          const question = { name: `_25._tcp.${name}`, type: 'TLSA', dnssecOk: true }
          const [tlsa, ...addresses] = await Promise.all([
            context.observe(dnsQuery(question)),
            context.observe(dnsQuery({ name, type: 'A', dnssecOk: true })),
            context.observe(dnsQuery({ name, type: 'AAAA', dnssecOk: true })),
          ])
          const failed = tlsa.ok && tlsa.value.rcode === 'SERVFAIL'
          return { name, tlsa, addresses, ...(failed ? { unchecked: await context.observe(dnsQuery({ ...question, checkingDisabled: true })) } : {}) }
        }),
      )
      return { mx: mx.value, servers }
    },
  }
}

/** Where we look from: families, resolver, clock. What only this machine's own trouble explains is not held against the target. */
import { networkInterfaces } from 'node:os'
import { isLoopback, isPrivateAddress } from './grammar/address.ts'
import type { HttpObservation } from './observations.ts'
import type { Observed, Probe } from './probe.ts'
import type { Target } from './target.ts'

export interface Vantage {
  /** An interface beyond loopback has an address of the family (IPv6: a global one). */
  readonly ipv4: boolean
  readonly ipv6: boolean
  /** `ok`: some question was answered; `failing`: questions were asked and none answered; `none`: nothing was asked. */
  readonly resolver: 'ok' | 'failing' | 'none'
  /** Ours minus theirs, median over hosts; absent with fewer than three hosts to compare with. */
  readonly clockSkewSeconds?: number
}

export interface DateSample {
  readonly peer: string
  readonly skewSeconds: number
}

/** RFC 9110 §5.6.7, the form that senders must use. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/

/** What one answer says about our clock; undefined for probes that are no HTTP exchange, for cached answers and unreadable dates. */
export function dateSample(probe: Probe<unknown>, observed: Observed<unknown>): DateSample | undefined {
  if (probe.kind !== 'httpRequest' || !observed.ok) return undefined
  const seen = observed.value as HttpObservation
  let date: string | undefined
  for (const [name, value] of seen.headers) {
    const lower = name.toLowerCase()
    if (lower === 'age') return undefined
    if (lower === 'date') date = value
  }
  if (date === undefined || !HTTP_DATE.test(date)) return undefined
  return { peer: seen.url.split('/')[2] ?? seen.peer, skewSeconds: (Date.parse(seen.at) - Date.parse(date)) / 1000 }
}

/** Median over hosts, one sample each (rules G6: three unrelated answers at least). */
export function clockSkewSeconds(samples: readonly DateSample[]): number | undefined {
  const byPeer = new Map(samples.map((sample) => [sample.peer, sample.skewSeconds]))
  if (byPeer.size < 3) return undefined
  const sorted = [...byPeer.values()].sort((a, b) => a - b)
  return Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10
}

/** How many questions to resolvers and name servers were asked, and how many were answered at all. */
export interface Questions {
  readonly asked: number
  readonly answered: number
}

export function vantageOf(target: Target, { asked, answered }: Questions): Vantage {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((one) => !one.internal)
  return {
    ipv4: addresses.some((one) => one.family === 'IPv4'),
    ipv6: target.file.network?.ipv6 !== false && addresses.some((one) => one.family === 'IPv6' && !isLoopback(one.address) && !isPrivateAddress(one.address)),
    resolver: asked === 0 ? 'none' : answered > 0 ? 'ok' : 'failing',
  }
}

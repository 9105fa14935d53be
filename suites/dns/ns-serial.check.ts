import { defineCheck } from '../../helpers/check.ts'
import { authoritativeAnswers } from '../../helpers/probes/dns-zone.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { digServers, dnsDomain, noDns, valuesOf } from './shared.ts'

/** The third field of an SOA in presentation form; undefined when it is no 32-bit number. */
const serialOf = (soa: string | undefined): number | undefined => {
  const text = soa?.split(' ')[2]
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

export default defineCheck({
  id: 'dns/ns-serial',
  title: 'All name servers serve the same version of the zone',
  failureTitle: 'Name servers serve different versions of the zone',
  why: 'While one server still has the old zone, some visitors are sent to the old place: after a move that means to nobody.',
  source: 'RFC 1035 §3.3.13 (serial); RFC 1982',
  severity: 'medium',
  codes: {
    'dns.ns.serial-drift': {
      meaning: 'Two servers answer with different SOA serials.',
      fix: 'Wait one refresh interval; if it stays, look at NOTIFY and the zone transfer to the one that is behind.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({ all: authoritativeAnswers(target.domain, { type: 'SOA' }) }),
  judge: ({ all }) => {
    const serials = all.flatMap(({ name, server, seen }) => {
      const serial = seen.ok ? serialOf(valuesOf(seen.value, 'SOA')[0]) : undefined
      return serial === undefined ? [] : [{ name, server, serial }]
    })
    if (serials.length === 0) return inconclusive('unobserved', 'no server of the zone told its serial')
    const newest = Math.max(...serials.map(({ serial }) => serial))
    const evidence = serials
      .sort((a, b) => a.serial - b.serial)
      .map(({ name, server, serial }) => ({ what: `serial at ${name}`, expected: String(newest), received: String(serial), where: `@${server}` }))
    // Which servers are silent is the subject of dns/ns-authoritative; a transfer under way looks the same as one that failed: warn, not fail.
    return serials.every(({ serial }) => serial === newest) ? pass(evidence) : warn('dns.ns.serial-drift', evidence)
  },
  reproduce: digServers('SOA'),
})

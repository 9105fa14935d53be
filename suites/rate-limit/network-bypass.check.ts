import { defineCheck } from '../../helpers/check.ts'
import { neighbourLook } from '../../helpers/probes/neighbour.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, curlOne, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/network-bypass',
  title: 'Another address of the same network does not get around the limit',
  failureTitle: 'Another address of the same network gets around the limit',
  why: 'Every visitor with IPv6 has at least a /64: 18 quintillion addresses. A limit that counts single ones counts nobody.',
  source: 'rateLimits.sameNetwork: the limit exhausted from one address, asked from the other; RFC 6177, RFC 7934 §6, ASVS 4.1.3',
  severity: 'medium',
  codes: {
    'rate-limit.network-bypass': {
      meaning: 'While one address is refused, requests from another one of the same network are let through.',
      fix: 'Count IPv6 clients by their /64: a map of $binary_remote_addr in nginx, ipv6Subnet in express-rate-limit.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => declared.sameNetwork !== undefined && (declared.key ?? 'ip') === 'ip'),
  unless: { skip: 'not-declared', reason: 'no two addresses of this machine in one IPv6 /64 are declared: rateLimits.sameNetwork' },
  needs: (subject, target) => ({ look: neighbourLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }) => bypassVerdict(look, zoneOf(subject), ['network'], 'rate-limit.network-bypass'),
  reproduce: (subject, target) => {
    const [first = '', second = ''] = zoneOf(subject).declared.sameNetwork ?? []
    return `${curlMany(subject, target).replace('curl ', `curl --interface ${first} `)}; ${curlOne(subject, target).replace('curl ', `curl --interface ${second} `)}`
  },
  covers: ['A40', 'A41'],
})

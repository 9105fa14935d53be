import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/connection-bypass',
  title: 'A new connection does not get around the limit',
  failureTitle: 'A new connection or another protocol gets around the limit',
  why: 'A limit that counts in one connection, or in one of several processes, stops nobody who opens another.',
  source: 'fresh connections and HTTP/2, with the limit exhausted',
  severity: 'high',
  codes: {
    'rate-limit.connection-bypass': {
      meaning: 'Requests on fresh connections or over HTTP/2 are let through while others are refused.',
      fix: 'Count by address and not by connection; let several processes count in one shared store.',
    },
  },
  options: {},
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }) => bypassVerdict(look, zoneOf(subject), ['fresh', 'h2'], 'rate-limit.connection-bypass'),
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['D19', 'E14'],
})

import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/header-bypass',
  title: 'Forged forwarding headers do not get around the limit',
  failureTitle: 'A forged forwarding header gets around the limit',
  why: 'Whoever may say where he comes from is a new visitor with every request, and can lock out anybody.',
  source: 'six forwarding headers with addresses of nobody (RFC 5737, RFC 3849), with the limit exhausted; ASVS 4.1.3',
  severity: 'high',
  codes: {
    'rate-limit.header-bypass': {
      meaning: 'Requests with a forged forwarding header are let through while others are refused.',
      fix: 'Take the client address from the connection, or from the header of your own proxy alone (set_real_ip_from, trust proxy with its address); overwrite the header at the edge.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => (declared.key ?? 'ip') === 'ip'),
  unless: { skip: 'not-declared', reason: 'no limit by client address is declared in rateLimits' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }) => bypassVerdict(look, zoneOf(subject), ['header'], 'rate-limit.header-bypass'),
  reproduce: (subject, target) =>
    `${curlMany(subject, target)}; ${curlMany(subject, target, 1).replace(' --path-as-is', " -H 'X-Forwarded-For: 198.51.100.7' --path-as-is")}`,
  covers: ['A41', 'E15'],
})

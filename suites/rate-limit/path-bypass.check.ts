import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/path-bypass',
  title: 'Another way to write the path does not get around the limit',
  failureTitle: 'Another way to write the path gets around the limit',
  why: 'The limit stands before a path, the application takes several ways to write it.',
  source: 'upper case, trailing and double slash, dot segment, percent-encoding, a query, with the limit exhausted; OWASP WSTG-BUSL-05',
  severity: 'medium',
  codes: {
    'rate-limit.path-bypass': {
      meaning: 'The same answer is let through under another spelling of its path, while the limit refuses.',
      fix: 'Let the application refuse other spellings, or limit a prefix without regard to case (location ~* in nginx, merge_slashes on).',
    },
  },
  options: {},
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }) => bypassVerdict(look, zoneOf(subject), ['path'], 'rate-limit.path-bypass'),
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A41'],
})

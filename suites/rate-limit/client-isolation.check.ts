import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, inconclusive, pass, type Verdict } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unrefused, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/client-isolation',
  title: 'One client that exhausts the limit does not exhaust it for others',
  failureTitle: 'One client exhausts the limit for all',
  why: 'Behind a tunnel or proxy every visitor has its address: one busy client then locks out everybody.',
  source: 'a second address of this machine (rateLimits.secondAddress), or another value of the declared key',
  severity: 'high',
  codes: {
    'rate-limit.shared-key': {
      meaning: 'Another client is refused because the first one exhausted the limit.',
      fix: 'Restore the client address behind the proxy: set_real_ip_from and real_ip_header in nginx, forwarded_allow_ips in uvicorn, trust proxy in Express.',
    },
  },
  options: {},
  subjects: eachZone(({ declared: { key = 'ip', secondAddress, accountField } }) =>
    key === 'ip' ? secondAddress !== undefined : key === 'header' || (key === 'account' && accountField !== undefined),
  ),
  unless: { skip: 'not-declared', reason: 'no second client: rateLimits.secondAddress is not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }): Verdict => {
    const nothing = unrefused(look)
    if (nothing !== undefined) return nothing
    const other = look.tried.find(({ kind }) => kind === 'address' || kind === 'other-key')
    if (other === undefined) return inconclusive('unobserved', 'the look ended before it was tried')
    const told = evidenceOf(
      look,
      'another client is let through while this one is refused',
      `${other.fate}: ${other.answer.failure ?? other.answer.status}`,
      `${look.url} as ${other.name}`,
    )
    if (other.fate === 'broken') return inconclusive('unobserved', 'the second client got no answer', told)
    return other.fate === 'refused' ? fail('rate-limit.shared-key', told) : pass(told)
  },
  reproduce: (subject, target) => {
    const zone = zoneOf(subject)
    const again = curlMany(subject, target, 1)
    return `${curlMany(subject, target)}; ${zone.declared.secondAddress === undefined ? again : again.replace('curl ', `curl --interface ${zone.declared.secondAddress} `)}`
  },
  covers: ['A40', 'D20', 'E15'],
})

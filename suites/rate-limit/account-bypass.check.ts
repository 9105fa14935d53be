import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { bypassVerdict } from './bypass.ts'
import { curlMany, curlOne, eachZone, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/account-bypass',
  title: 'Another account, or another spelling of it, does not get around the limit',
  failureTitle: 'Another account, or another spelling of it, gets around the limit',
  why: 'Who tries one common password with a thousand accounts never tries one of them often: a limit by account alone does not see it.',
  source: 'accounts of nobody (RFC 2606) in rateLimits.accountField, with the limit exhausted; capitals where it counts by account; OWASP ASVS 6.3.1',
  severity: 'high',
  codes: {
    'rate-limit.account-bypass': {
      meaning: 'Attempts with another account, or the same one in capitals, are let through while others are refused.',
      fix: 'Count by client address as well as by account, and by the account as it is looked up (lower case, without spaces).',
    },
  },
  options: {},
  subjects: eachZone(({ declared: { key = 'ip', accountField } }) => accountField !== undefined && (key === 'ip' || key === 'account')),
  unless: { skip: 'not-declared', reason: 'no sign-in is declared: rateLimits.accountField' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }) => bypassVerdict(look, zoneOf(subject), ['account'], 'rate-limit.account-bypass'),
  reproduce: (subject, target) => {
    const { accountField = '', request } = zoneOf(subject).declared
    const account = request?.json?.[accountField]
    return `${curlMany(subject, target)}; ${curlOne(subject, target).replace(JSON.stringify(account), '"postproof-1@example.invalid"')}`
  },
  covers: ['E16'],
})

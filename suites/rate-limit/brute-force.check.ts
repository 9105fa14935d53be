import { defineCheck } from '../../helpers/check.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { fail, inconclusive, pass, type Verdict, warn } from '../../helpers/verdict.ts'
import { beforeRefusal, curlMany, curlOne, eachZone, evidenceOf, fitOf, unclear, zoneOf } from './shared.ts'

export default defineCheck({
  id: 'rate-limit/brute-force',
  title: 'Passwords of one account cannot be tried without end',
  failureTitle: 'Passwords of one account can be tried without end',
  why: 'A limit by address is none for who has many: each of a thousand machines tries as often as it allows.',
  source: 'rateLimits.accountField: one account from this machine, and from rateLimits.secondAddress while it is refused here; OWASP WSTG-ATHN-03, ASVS 6.3.1',
  severity: 'high',
  codes: {
    'rate-limit.brute-force.unlimited': {
      meaning: 'No attempt was refused, however many wrong passwords were tried for one account.',
      fix: 'Limit the sign-in by address and by account, or lock the account for a while after a few attempts.',
    },
    'rate-limit.brute-force.address-only': {
      meaning: 'An account whose attempts are refused here may still be tried from another address.',
      fix: 'Count attempts by account, too: a second limiter with the account as its key, or a short lock.',
    },
  },
  options: {},
  subjects: eachZone(({ declared }) => declared.accountField !== undefined),
  unless: { skip: 'not-declared', reason: 'no sign-in is declared: rateLimits.accountField' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject }): Verdict => {
    const zone = zoneOf(subject)
    const nothing = unclear(look)
    if (nothing !== undefined) return nothing
    const { admitted } = beforeRefusal(look, zone)
    const refused = look.samples.some(({ fate }) => fate === 'refused' || fate === 'refused elsewhere')
    const tries = evidenceOf(
      look,
      'attempts for one account are refused after a few',
      `${admitted} let through ${refused ? 'before the first refusal' : 'and none refused'}`,
    )
    if (!refused)
      return admitted > (zone.limit?.atOnce ?? 10)
        ? fail('rate-limit.brute-force.unlimited', tries)
        : inconclusive('unobserved', `only ${admitted} attempts were made`, tries)
    if (look.bannedSeconds !== undefined) return pass([tries, evidenceOf(look, 'a refusal that lasts', `${look.bannedSeconds} s after the first refusal`)])
    const away = look.tried.find(({ kind }) => kind === 'account-away')
    if (zone.declared.secondAddress === undefined)
      return pass([tries, evidenceOf(look, 'refused from another address, too', 'not looked at: rateLimits.secondAddress is not declared')])
    if (away === undefined || away.fate === 'broken') return inconclusive('unobserved', 'the second address got no answer', tries)
    const hourly = Math.round((fitOf(look, zone).perSecond?.value ?? zone.limit?.perSecond ?? Number.NaN) * 3_600)
    const { again } = away
    const received =
      again === undefined
        ? `${away.fate}: ${away.answer.status}`
        : `${again.admitted} of ${again.times} let through, while ${again.ordinaryRefused} of ${again.ordinary} attempts from this address were refused`
    const told = evidenceOf(look, 'the same account is refused from another address, too', received, `${look.url} as ${away.name}`)
    if (away.fate !== 'admitted' || (again !== undefined && again.admitted < again.times)) return pass([tries, told])
    // What came in while they were under way may have gone to them.
    const refilled = Math.floor(((again?.tookMs ?? Number.POSITIVE_INFINITY) * (zone.limit?.perSecond ?? 0)) / 1_000)
    if (again === undefined || again.ordinaryRefused === 0 || (zone.limit?.windowMs === undefined && refilled >= again.times))
      return inconclusive('unobserved', 'the limit refills faster than requests travel, so what got through proves nothing', told)
    const each = { ...told, received: `${received}; each address may try ${Number.isNaN(hourly) ? 'many' : `about ${hourly}`} passwords an hour` }
    return warn('rate-limit.brute-force.address-only', [each, tries])
  },
  reproduce: (subject, target) => {
    const { secondAddress } = zoneOf(subject).declared
    return `${curlMany(subject, target)}${secondAddress === undefined ? '' : `; ${curlOne(subject, target).replace('curl ', `curl --interface ${secondAddress} `)}`}`
  },
  covers: ['E16'],
})

import { defineCheck } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { retryAfterSeconds } from '../../helpers/rejection.ts'
import { type Evidence, fail, pass, type Verdict, warn, worst, type Finding } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unclear, unrefused, zoneOf } from './shared.ts'

const DAY_SECONDS = 86_400

export default defineCheck({
  id: 'rate-limit/retry-after',
  title: 'Refusals say when to come back, and mean it',
  failureTitle: 'Retry-After of refusals is wrong',
  why: 'Clients sleep as long as they are told. Told nothing, they hammer on; told rubbish, they never come back or come back at once.',
  source: 'RFC 9110 §10.2.3; RFC 6585 §4; at most one and a half times what the limit needs to recover',
  severity: 'medium',
  codes: {
    'rate-limit.retry-after.missing': {
      meaning: 'Refusals do not say when to come back.',
      fix: 'Set Retry-After on the answer: in nginx with add_header … always in the location of the error page.',
    },
    'rate-limit.retry-after.malformed': { meaning: 'Retry-After is neither whole seconds nor an HTTP date.', fix: 'Send whole seconds.' },
    'rate-limit.retry-after.past': {
      meaning: 'Retry-After lies in the past, or is always 0.',
      fix: 'Send the seconds until the limit opens again, rounded up; look at the clock of the server.',
    },
    'rate-limit.retry-after.too-long': {
      meaning: 'Retry-After is far longer than the limit needs to recover.',
      fix: 'Send the seconds until the limit opens again.',
    },
    'rate-limit.retry-after.unwanted': { meaning: 'Retry-After is there although it is declared to be absent.', fix: 'Declare it, or take it away.' },
  },
  options: { factor: 1.5 },
  subjects: eachZone(),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, options }): Verdict => {
    const nothing = look.bannedSeconds === undefined ? unrefused(look) : unclear(look)
    if (nothing !== undefined) return nothing
    const zone = zoneOf(subject)
    const { retryAfter } = zone.declared
    const refusals = look.samples.filter(({ fate }) => fate === 'refused')
    const read = refusals.map((sample) => ({
      text: headerValue(sample.headers, 'retry-after'),
      seconds: retryAfterSeconds(sample.headers, look.startedMs + sample.doneMs),
    }))
    const told = (expected: string, text: string | undefined): Evidence =>
      evidenceOf(look, expected, text === undefined ? `no Retry-After on ${refusals.length} refusals` : `Retry-After: ${text}`)
    const first = read.find(({ text }) => text !== undefined)
    if (retryAfter === 'absent')
      return first === undefined ? pass(told('no Retry-After', undefined)) : warn('rate-limit.retry-after.unwanted', told('no Retry-After', first.text))
    const missing = read.find(({ text }) => text === undefined)
    if (missing !== undefined) {
      const evidence = told('Retry-After on every refusal', undefined)
      return retryAfter === 'required'
        ? fail('rate-limit.retry-after.missing', evidence)
        : first === undefined && retryAfter === 'optional'
          ? pass(evidence)
          : warn('rate-limit.retry-after.missing', evidence)
    }
    // Whole seconds are all it can say: the next one up is always right.
    const recovery = (zone.limit?.recoveryMs ?? DAY_SECONDS * 1_000) / 1_000
    const most = Math.min(DAY_SECONDS, Math.max(1, Math.ceil(recovery * options.factor)))
    const always0 = read.length > 1 && read.every(({ seconds }) => seconds === 0)
    const findings = read.map(({ text, seconds = Number.NaN }): Finding => {
      const evidence = told(`0 to ${most} s (${zone.limit?.text ?? 'no number is declared'})`, text)
      if (Number.isNaN(seconds)) return { grade: 'fail', code: 'rate-limit.retry-after.malformed', evidence }
      // Dates tick in seconds, and so may the moment of a refusal lie behind its own date.
      if (seconds < -1 || always0) return { grade: 'fail', code: 'rate-limit.retry-after.past', evidence }
      if (seconds > most) return { grade: 'fail', code: 'rate-limit.retry-after.too-long', evidence }
      return { grade: 'pass', evidence }
    })
    const verdict = worst(findings)
    return { ...verdict, evidence: verdict.evidence.slice(0, 3) }
  },
  reproduce: (subject, target) => curlMany(subject, target),
  covers: ['A42'],
})

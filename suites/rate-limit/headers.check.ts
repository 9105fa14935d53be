import { defineCheck } from '../../helpers/check.ts'
import { parseQuotas, type Quota } from '../../helpers/grammar/rate-limit-fields.ts'
import { headerValue } from '../../helpers/headers.ts'
import { limiterLook } from '../../helpers/probes/limiter.ts'
import { beside, retryAfterSeconds } from '../../helpers/rejection.ts'
import { type Finding, skip, type Verdict, worst } from '../../helpers/verdict.ts'
import { curlMany, eachZone, evidenceOf, unclear, zoneOf } from './shared.ts'

const NAMES = /^(?:x-rate-?limit|ratelimit)/i

export default defineCheck({
  id: 'rate-limit/headers',
  title: 'What answers say of the quota is true',
  failureTitle: 'What answers say of the quota is missing, malformed or contradicts itself',
  why: 'Good clients slow down by these numbers; wrong ones make them stop too early or run into the limit all the same.',
  source: 'draft-ietf-httpapi-ratelimit-headers (RateLimit-Policy, RateLimit, and its older forms), X-RateLimit-*; RFC 9110 §10.2.3',
  severity: 'low',
  codes: {
    'rate-limit.headers.missing': {
      meaning: 'The declared fields are absent.',
      fix: 'Let the limiter send them: standardHeaders in express-rate-limit, headers_enabled in slowapi.',
    },
    'rate-limit.headers.legacy': { meaning: 'Only the fields of before the standard are there.', fix: 'Send RateLimit-Policy and RateLimit as well.' },
    'rate-limit.headers.malformed': {
      meaning: 'A field cannot be read, so clients must ignore it.',
      fix: 'RateLimit-Policy: "default";q=10;w=60 and RateLimit: "default";r=3;t=20.',
    },
    'rate-limit.headers.remaining': {
      meaning: 'A refusal says that requests remain, or the rest grows while requests are counted.',
      fix: 'Send the numbers of the limiter that decides.',
    },
    'rate-limit.headers.reset': {
      meaning: 'The reset lies beyond the window, after Retry-After, or says a moment where seconds are meant.',
      fix: 'Send the seconds until the quota is whole again.',
    },
    'rate-limit.headers.limit': { meaning: 'The told limit is not the declared one.', fix: 'Tell the limit that is at work, or correct the declaration.' },
  },
  options: {},
  subjects: eachZone(({ declared }) => declared.headers !== 'none'),
  unless: { skip: 'not-declared', reason: 'rateLimits are not declared' },
  needs: (subject, target) => ({ look: limiterLook(zoneOf(subject), target) }),
  judge: ({ look }, { subject, target }): Verdict => {
    const nothing = unclear(look)
    if (nothing !== undefined) return nothing
    const zone = zoneOf(subject)
    const wanted = zone.declared.headers
    const own = look.samples.filter(({ fate }) => fate === 'refused' || fate === 'admitted').sort((a, b) => a.doneMs - b.doneMs)
    const read = own.map((sample) => ({ sample, told: sample.headers.filter(([name]) => NAMES.test(name)), result: parseQuotas(sample.headers) }))
    const speaking = read.filter(({ told }) => told.length > 0)
    const shown = (told: readonly (readonly [string, string])[]): string => told.map(([name, value]) => `${name}: ${value}`).join(', ') || 'no such fields'
    if (speaking.length === 0) {
      if (wanted === undefined)
        return skip('not-applicable', 'answers say nothing of a quota, and nothing is declared of it', evidenceOf(look, 'RateLimit fields', 'none'))
      return worst([
        {
          grade: 'fail',
          code: 'rate-limit.headers.missing',
          evidence: evidenceOf(look, `fields of the ${wanted === 'any' ? 'draft, or X-RateLimit-*' : wanted}`, `none on ${own.length} answers`),
        },
      ])
    }
    const refusals = read.filter(({ sample }) => sample.fate === 'refused')
    // Who speaks of a quota does so when it refuses: numbers on what is let through are those of the layer behind or before.
    if (wanted === undefined && refusals.length > 0 && refusals.every(({ told }) => told.length === 0) && beside(zone, target).length > 0)
      return skip(
        'not-applicable',
        'refusals of this layer say nothing of a quota; what other answers say is of another declared limit',
        evidenceOf(look, 'RateLimit fields on refusals', `none on ${refusals.length}; on others: ${shown(speaking[0]?.told ?? [])}`),
      )
    const findings: Finding[] = []
    const add = (grade: Finding['grade'], code: string, expected: string, received: string): void => {
      if (!findings.some((one) => one.code === code)) findings.push({ grade, code, evidence: evidenceOf(look, expected, received) })
    }
    const readable = speaking.some(({ result }) => result.ok)
    const forms = new Set(speaking.flatMap(({ result }) => (result.ok ? result.quotas.map(({ form }) => form) : [])))
    if (!readable) add('fail', 'rate-limit.headers.malformed', 'fields that can be read', shown(speaking[0]?.told ?? []))
    else if (wanted === 'draft' && ![...forms].some((form) => form !== 'legacy'))
      add('fail', 'rate-limit.headers.missing', 'fields of the draft', shown(speaking[0]?.told ?? []))
    else if (wanted === 'legacy' && !forms.has('legacy')) add('fail', 'rate-limit.headers.missing', 'X-RateLimit-*', shown(speaking[0]?.told ?? []))
    else if (wanted === undefined && forms.size === 1 && forms.has('legacy'))
      add('warn', 'rate-limit.headers.legacy', 'fields of the draft', shown(speaking[0]?.told ?? []))
    const limit = zone.limit
    let before: { readonly quota: Quota; readonly sentMs: number; readonly doneMs: number } | undefined
    let windowFrom = Number.NEGATIVE_INFINITY
    for (const { sample, told, result } of speaking) {
      if (!result.ok) {
        add('fail', 'rate-limit.headers.malformed', 'fields that can be read', `${result.error} (${shown(told)})`)
        continue
      }
      const [quota] = result.quotas
      if (quota === undefined) continue
      if (sample.fate === 'refused' && (quota.remaining ?? 0) > 0) add('fail', 'rate-limit.headers.remaining', 'nothing remains on a refusal', shown(told))
      const back = (limit?.perSecond ?? 0) * ((sample.doneMs - (before?.sentMs ?? sample.sentMs)) / 1_000) + 1
      // In order alone: of two under way at once, either may be told first.
      const grew =
        before !== undefined &&
        sample.sentMs >= before.doneMs &&
        sample.doneMs - before.sentMs < (limit?.windowMs ?? Number.POSITIVE_INFINITY) / 8 &&
        quota.remaining !== undefined &&
        before.quota.remaining !== undefined &&
        quota.remaining > before.quota.remaining + Math.max(1, back) &&
        before.quota.remaining > 0
      // A window may have begun anew between two; the next one does so when it is over, and not before.
      const renewed = limit?.windowMs !== undefined && sample.doneMs - windowFrom >= limit.windowMs * 0.9
      if (grew && renewed) windowFrom = before?.sentMs ?? windowFrom
      else if (grew) add('fail', 'rate-limit.headers.remaining', `at most ${before?.quota.remaining ?? 0} remain after one more request`, shown(told))
      before = { quota, sentMs: sample.sentMs, doneMs: sample.doneMs }
      const window = quota.windowSeconds ?? (limit === undefined ? undefined : Math.ceil(limit.recoveryMs / 1_000))
      if (quota.resetSeconds !== undefined && window !== undefined && quota.resetSeconds > Math.max(1, window) + 1)
        add('fail', 'rate-limit.headers.reset', `a reset within ${window} s`, shown(told))
      if (quota.epoch === true && quota.form !== 'legacy') add('fail', 'rate-limit.headers.reset', 'seconds until the reset', shown(told))
      const retry = retryAfterSeconds(sample.headers, look.startedMs + sample.doneMs)
      if (
        sample.fate === 'refused' &&
        retry !== undefined &&
        retry >= 0 &&
        quota.form === 'draft' &&
        quota.resetSeconds !== undefined &&
        retry + 1 < quota.resetSeconds &&
        (quota.remaining ?? 0) === 0
      )
        add(
          'fail',
          'rate-limit.headers.reset',
          `Retry-After of at least ${quota.resetSeconds} s`,
          `Retry-After: ${headerValue(sample.headers, 'retry-after') ?? ''}, ${shown(told)}`,
        )
      if (
        limit !== undefined &&
        quota.limit !== undefined &&
        Math.abs(quota.limit - limit.atOnce) > Math.max(1, limit.atOnce * 0.1) &&
        Math.abs(quota.limit - (limit.perSecond * (limit.windowMs ?? 1_000)) / 1_000) > 1
      )
        add('fail', 'rate-limit.headers.limit', limit.text, shown(told))
    }
    if (!findings.some(({ grade }) => grade === 'fail'))
      findings.push({ grade: 'pass', evidence: evidenceOf(look, 'numbers that agree with what happened', shown(speaking[0]?.told ?? [])) })
    return worst(findings)
  },
  reproduce: (subject, target) => curlMany(subject, target).replace('-o /dev/null', '-D - -o /dev/null'),
})

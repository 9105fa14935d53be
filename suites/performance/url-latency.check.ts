import { defineCheck } from '../../helpers/check.ts'
import { urlSamples } from '../../helpers/probes/timing.ts'
import { fail, inconclusive } from '../../helpers/verdict.ts'
import { counts, curlUrl, declaredUrls, percentile, statusEvidence, withinBudget } from './shared.ts'

/** The least number of which the 95th percentile is not simply the slowest: one outlier of twenty is left out (nearest rank). */
const SAMPLES = 20

export default defineCheck({
  id: 'performance/url-latency',
  title: 'Nineteen of twenty answers come within the declared time',
  failureTitle: 'Too many answers come later than declared',
  why: 'A mean hides the slow tenth that visitors complain about; the slowest of a few is chance.',
  source: 'performance.urls.p95Ms of the target; nearest-rank 95th percentile of twenty answers over an open connection',
  severity: 'medium',
  codes: {
    'performance.url.slow': {
      meaning: 'More than one of twenty answers took longer than declared.',
      fix: 'Compare the slow answers with the log of the application: locks, cold workers, garbage collection, a replica that lags.',
    },
    'performance.url.errors': {
      meaning: 'Some of the answers were server errors or did not come: their times mean nothing.',
      fix: 'Repair the errors first; a replica that is down shows as every second or third answer.',
    },
  },
  options: {},
  subjects: declaredUrls((item) => item.p95Ms !== undefined),
  unless: { skip: 'not-declared', reason: 'performance.urls declares no p95Ms' },
  needs: (subject) => ({ samples: urlSamples(subject.name, SAMPLES) }),
  judge: ({ samples }, { subject }) => {
    const seen = samples.flatMap((sample) => (sample.ok ? [sample.value] : []))
    const [first] = seen
    if (first === undefined) return inconclusive('unobserved', `${subject.name} was not answered`)
    const limited = seen.find((one) => !counts(one) && one.status < 500)
    if (limited !== undefined)
      return inconclusive('unobserved', `an error or a limiter was measured: status ${limited.status}`, statusEvidence(limited, 'the answer itself'))
    const errors = seen.filter((one) => one.status >= 500)
    const failed = samples.find((sample) => !sample.ok)
    if (errors.length === seen.length && failed === undefined)
      return inconclusive('unobserved', `every answer was an error: status ${first.status}`, statusEvidence(first, 'the answer itself'))
    if (errors.length > 0 || failed !== undefined)
      return fail('performance.url.errors', {
        ...statusEvidence(errors[0] ?? first, `${SAMPLES} answers`),
        received: `${seen.length - errors.length} right, ${errors.length} with status ${errors[0]?.status ?? '5xx'}${failed?.ok === false ? `, then ${failed.failure.message} (${failed.failure.code})` : ''}`,
      })
    if (seen.length < SAMPLES) return inconclusive('unobserved', `only ${seen.length} of ${SAMPLES} answers came`)
    return withinBudget(
      seen.map((one) => ({ ms: one.timings.ttfbMs + one.timings.transferMs, loopDelayMs: one.timings.loopDelayMs })),
      subject.item === undefined ? Number.NaN : ((subject.item as { p95Ms?: number }).p95Ms ?? Number.NaN),
      {
        code: 'performance.url.slow',
        by: (values) => percentile(values, 0.95),
        name: '95th percentile',
        evidence: { what: `${SAMPLES} answers of ${subject.name}`, where: first.peer, at: first.at },
      },
    )
  },
  reproduce: curlUrl,
  covers: ['C74'],
})

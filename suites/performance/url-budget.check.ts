import { defineCheck } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { urlSamples } from '../../helpers/probes/timing.ts'
import { type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { counts, curlUrl, declaredUrls, readUpTo, statusEvidence, type UrlItem, withinBudget } from './shared.ts'

const LOOKS = 3

export default defineCheck({
  id: 'performance/url-budget',
  title: 'A declared URL keeps its budget of time and bytes',
  failureTitle: 'A declared URL exceeds its budget of time or bytes',
  why: 'The few routes that matter most have limits of their own, and grow with the data behind them.',
  source: 'performance.urls of the target: totalMs (median of three answers over an open connection) and bodyBytes (on the wire)',
  severity: 'medium',
  codes: {
    'performance.url.total': {
      meaning: 'The answer takes longer than declared to its last byte.',
      fix: 'Answer with less: page the list, leave fields out, cache.',
    },
    'performance.url.bytes': { meaning: 'The answer has more bytes on the wire than declared.', fix: 'Page the list, leave fields out, compress.' },
  },
  options: {},
  subjects: declaredUrls((item) => item.totalMs !== undefined || item.bodyBytes !== undefined),
  unless: { skip: 'not-declared', reason: 'performance.urls declares neither totalMs nor bodyBytes' },
  needs: (subject, target) => ({ samples: urlSamples(subject.name, LOOKS, Math.max(readUpTo(target), 8 * ((subject.item as UrlItem).bodyBytes ?? 0))) }),
  judge: ({ samples }, { subject }) => {
    const item = subject.item as UrlItem
    const seen = samples.flatMap((sample) => (sample.ok ? [sample.value] : []))
    const [first] = seen
    if (first === undefined || seen.length < samples.length) return inconclusive('unobserved', `${subject.name} was not answered every time`)
    const bad = seen.find((one) => !counts(one))
    if (bad !== undefined)
      return inconclusive('unobserved', `an error or a limiter was measured: status ${bad.status}`, statusEvidence(bad, 'the answer itself'))
    const findings: Finding[] = []
    let unclear: Verdict | undefined
    if (item.bodyBytes !== undefined) {
      const largest = seen.reduce((most, one) => (one.wireBytes > most.wireBytes ? one : most))
      const evidence = {
        ...statusEvidence(largest, `≤ ${item.bodyBytes} bytes on the wire`),
        received: `${largest.truncated ? 'more than ' : ''}${largest.wireBytes} bytes (${headerValue(largest.headers, 'content-encoding') ?? 'not compressed'})`,
      }
      if (largest.wireBytes > item.bodyBytes) findings.push({ grade: 'fail', code: 'performance.url.bytes', evidence })
      else if (largest.truncated) unclear = inconclusive('unobserved', 'the answer was not read to its end', evidence)
      else findings.push({ grade: 'pass', evidence })
    }
    if (item.totalMs !== undefined) {
      const timed = withinBudget(
        seen.map((one) => ({ ms: one.timings.ttfbMs + one.timings.transferMs, loopDelayMs: one.timings.loopDelayMs })),
        item.totalMs,
        { code: 'performance.url.total', evidence: { what: `answers of ${subject.name}`, where: first.peer, at: first.at } },
      )
      if (timed.outcome === 'inconclusive') unclear ??= timed
      else
        for (const evidence of timed.evidence)
          findings.push(timed.outcome === 'pass' ? { grade: 'pass', evidence } : { grade: 'fail', code: 'performance.url.total', evidence })
    }
    return unclear !== undefined && !findings.some((finding) => finding.grade === 'fail') ? unclear : worst(findings)
  },
  reproduce: curlUrl,
  covers: ['C74'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isChallenge, isHtml, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { assetLook } from '../../helpers/probes/page.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, curlHost, duration, longest, noPages, policyOf, showsPages } from './shared.ts'

const JAVASCRIPT = /^(?:text|application)\/(?:x-)?(?:java|ecma)script$/

export default defineCheck({
  id: 'caching/service-worker',
  title: 'The service worker script is asked for anew',
  failureTitle: 'The service worker script stays in caches',
  why: 'The worker decides what every page of the site loads; an old one that an edge keeps serving blocks every later repair.',
  source: 'Service Workers §3.2.8 (updates; browsers stop trusting a stored script after 24 h)',
  severity: 'medium',
  codes: {
    'caching.worker.long': {
      meaning: 'The script lives in caches for more than a day, or is immutable.',
      fix: 'Send Cache-Control: no-cache for the worker script, before the rule for *.js.',
    },
    'caching.worker.cached': { meaning: 'The script lives in caches for a while.', fix: 'Send Cache-Control: no-cache for the worker script.' },
  },
  /** Where the usual tools put it. */
  options: { paths: ['/sw.js', '/service-worker.js'], maxSeconds: 86_400 },
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject, _target, options): Record<string, Probe<HttpObservation>> =>
    Object.fromEntries(options.paths.map((path) => [path, assetLook(`https://${hostOf(subject).fqdn}${path}`)])),
  judge: (seen, { options }) => {
    const answers = Object.values(seen as Record<string, HttpObservation>)
    const findings: Finding[] = []
    for (const answer of answers) {
      if (isChallenge(answer) || answer.status === 429 || answer.status >= 500) return inconclusive('unobserved', `${answer.url} answered ${answer.status}`)
      // The fallback page of a frontend is no script; browsers refuse it as a worker.
      if (answer.status !== 200 || isHtml(answer) || !JAVASCRIPT.test(mediaType(answer.headers) ?? '')) continue
      const policy = policyOf(answer)
      const life = longest(policy)
      const evidence = at(
        answer,
        'life of the worker script',
        'asked for anew',
        `${life > 0 ? duration(life) : 'asked for anew or nothing said'} (${policy.shown})`,
      )
      if (life > options.maxSeconds || (policy.control.immutable && life > 0)) findings.push({ grade: 'fail', code: 'caching.worker.long', evidence })
      else findings.push({ grade: life > 0 ? 'warn' : 'pass', code: 'caching.worker.cached', evidence })
    }
    return findings.length > 0
      ? worst(findings)
      : skip(
          'not-applicable',
          'no service worker script at the usual paths',
          answers.map((one) => at(one, 'worker script', 'JavaScript', `${one.status} ${mediaType(one.headers) ?? ''}`.trim())),
        )
  },
  reproduce: curlHost('/sw.js'),
})

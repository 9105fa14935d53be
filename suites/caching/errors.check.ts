import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isChallenge, isHtml } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { missingAsset } from '../../helpers/probes/caching.ts'
import { assetLook } from '../../helpers/probes/page.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curlHost, duration, longest, noPages, policyOf, showsPages } from './shared.ts'

export default defineCheck({
  id: 'caching/errors',
  title: 'Errors do not stay in caches',
  failureTitle: 'Errors stay in caches',
  why: 'In the seconds of a deploy a file is missing or the backend away; kept like the file itself, that moment lasts a year for whoever came by.',
  source: 'RFC 9110 §15.1; RFC 9111 §4.2.2; nginx add_header … always, expires',
  severity: 'medium',
  codes: {
    'caching.errors.long': {
      meaning: 'The answer for a missing asset lives as long as the asset would.',
      fix: 'nginx: leave `always` away at the Cache-Control of assets, or set it in an error_page location.',
    },
    'caching.errors.fallback': {
      meaning: 'For a missing asset the fallback page is served and kept for long: browsers then hold HTML for a script.',
      fix: 'Answer 404 below the folder of assets (nginx: try_files $uri =404).',
    },
    'caching.errors.server': { meaning: 'A server error may be reused without asking.', fix: 'Send Cache-Control: no-store with error pages.' },
  },
  /** Longest life in seconds of an error: the usual time for which edges keep a 404. */
  options: { maxSeconds: 300 },
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject, target): Record<string, Probe<HttpObservation>> => {
    const host = hostOf(subject)
    const provoked = (target.file.errorPages ?? []).filter((one) => one.probe !== undefined && one.host === host.name).map((one) => one.probe as string)
    return { missing: missingAsset(host), ...Object.fromEntries(provoked.map((path) => [`provoked ${path}`, assetLook(`https://${host.fqdn}${path}`)])) }
  },
  judge: (seen, { options }) => {
    const findings: Finding[] = []
    for (const [name, answer] of Object.entries(seen as Record<string, HttpObservation>)) {
      const policy = policyOf(answer)
      const life = longest(policy)
      const evidence = at(
        answer,
        name === 'missing' ? 'an asset that does not exist' : 'a provoked error',
        `at most ${duration(options.maxSeconds)}`,
        `${answer.status}, ${life > 0 ? duration(life) : 'not reused'} (${policy.shown})`,
      )
      if (isChallenge(answer) || answer.status === 429) return inconclusive('unobserved', 'an obstacle answered instead', evidence)
      if (answer.status >= 500) findings.push({ grade: life > 0 ? 'fail' : 'pass', code: 'caching.errors.server', evidence })
      else if (answer.status >= 400)
        findings.push({ grade: life > options.maxSeconds || (policy.control.immutable && life > 0) ? 'fail' : 'pass', code: 'caching.errors.long', evidence })
      else if (name !== 'missing') return inconclusive('unobserved', 'the path that should provoke an error gave none', evidence)
      else findings.push({ grade: isHtml(answer) && life > options.maxSeconds ? 'fail' : 'pass', code: 'caching.errors.fallback', evidence })
    }
    return worst(findings)
  },
  reproduce: curlHost('/assets/postproof-missing-0a1b2c3d.js'),
})

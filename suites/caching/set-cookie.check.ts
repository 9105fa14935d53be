import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { headerValues, isChallenge } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { assetLook, type Assets, firstPartyAssets } from '../../helpers/probes/page.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curlHost, policyOf, reusable, sharedHit, showsPages } from './shared.ts'

/** Declared paths of the host where cookies are likely: API, personal ones, those of the cookie list. */
function pathsOf(subject: Subject, target: Target): readonly string[] {
  const host = hostOf(subject)
  const cookies = (target.file.cookies ?? []).filter((one) => one.path !== undefined && Array.isArray(one.hosts) && one.hosts.includes(host.name))
  return [...new Set([...(host.declared.apiPaths ?? []), ...(host.declared.sensitivePaths ?? []), ...cookies.map((one) => one.path as string)])]
}
/** Written by load balancers and edges behind their own caches, the same for everybody or made anew for each: they say nothing about the application. */
const EDGE_COOKIE =
  /^(?:__cf_bm|_cfuvid|__cfruid|cf_clearance|__cflb|AWSALB(?:CORS|TG|TGCORS)?|BIGip|ARRAffinity|incap_ses_|visid_incap_|nlbi_|ak_bmsc|bm_s[vz]|_abck)/i
const nameOf = (line: string): string => line.split('=', 1)[0]?.trim().slice(0, 80) ?? ''

export default defineCheck({
  id: 'caching/set-cookie',
  title: 'No cookie rides on an answer that is kept for everybody',
  failureTitle: 'A cookie rides on an answer that is kept for everybody',
  why: 'A cache that stores a Set-Cookie hands the session of one visitor to all that follow.',
  source: 'RFC 9111 §7.3; RFC 6265 §8.5; OWASP ASVS 14.2.5',
  severity: 'high',
  codes: {
    'caching.set-cookie.public': {
      meaning: 'The answer sets a cookie and shared caches may store it.',
      fix: 'Send Cache-Control: no-store (or private) wherever a cookie is set; set none on assets.',
    },
    'caching.set-cookie.shared-hit': {
      meaning: 'A cookie came out of a shared cache.',
      fix: 'Empty the cache of the edge now and end all sessions; then bypass it wherever a cookie is set.',
    },
    'caching.set-cookie.heuristic': {
      meaning: 'The answer sets a cookie and says nothing about caching; caches may guess from Last-Modified.',
      fix: 'Send Cache-Control: no-store wherever a cookie is set.',
    },
  },
  options: {},
  subjects: (target) => target.hosts.filter((host) => showsPages(host) || host.kind === 'api').map((host) => ({ name: host.fqdn, host })),
  unless: { skip: 'not-applicable', reason: 'no host shows pages or answers as an API' },
  needs: (subject, target): Record<string, Probe<unknown>> => {
    const host = hostOf(subject)
    const own = [...pathsOf(subject, target), ...(host.kind === 'api' ? [host.path] : [])]
    return {
      ...(showsPages(host) ? { assets: firstPartyAssets(host) } : {}),
      ...Object.fromEntries(own.map((path) => [path, assetLook(`https://${host.fqdn}${path}`)])),
    }
  },
  judge: (seen) => {
    const { assets, ...rest } = seen as { assets?: Assets } & Record<string, unknown>
    const answers = [
      ...(assets === undefined ? [] : [assets.page.document, ...assets.assets.flatMap((one) => (one.seen.ok ? [one.seen.value] : []))]),
      ...(Object.values(rest) as HttpObservation[]),
    ].filter((one) => !(isChallenge(one) || one.status === 429 || one.status >= 500))
    if (answers.length === 0) return inconclusive('unobserved', 'nothing but obstacles answered')
    const findings = answers.map((answer): Finding => {
      const cookies = headerValues(answer.headers, 'set-cookie')
        .map(nameOf)
        .filter((name) => !EDGE_COOKIE.test(name))
      const policy = policyOf(answer)
      if (cookies.length === 0) return { grade: 'pass', evidence: at(answer, 'Set-Cookie', 'none, or not stored by shared caches', `none; ${policy.shown}`) }
      const evidence = at(answer, 'Set-Cookie', 'not stored by shared caches', `${cookies.slice(0, 5).join(', ')}; ${policy.shown}`)
      const hit = sharedHit(answer)
      if (hit !== undefined)
        return { grade: 'fail', code: 'caching.set-cookie.shared-hit', evidence: { ...evidence, received: `${evidence.received}; ${hit}` } }
      if (reusable(policy)) return { grade: 'fail', code: 'caching.set-cookie.public', evidence }
      return policy.heuristic && policy.sharable ? { grade: 'warn', code: 'caching.set-cookie.heuristic', evidence } : { grade: 'pass', evidence }
    })
    return worst(findings)
  },
  reproduce: curlHost(),
})

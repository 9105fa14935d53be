import { defineCheck } from '../../helpers/check.ts'
import { readCors } from '../../helpers/grammar/cors.ts'
import { headerValues, isObstacle } from '../../helpers/headers.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { at, curl, FOREIGN, noCors, real, routes, welcome } from './shared.ts'

export default defineCheck({
  id: 'cors/vary-origin',
  title: 'Answers that depend on the origin say so',
  failureTitle: 'Answers depend on the origin and do not say so',
  why: 'Without Vary: Origin a cache gives the answer for one origin to another, and browsers refuse it there.',
  source: 'Fetch, CORS protocol and HTTP caches; RFC 9110 §12.5.5',
  severity: 'medium',
  codes: {
    'cors.vary-missing': {
      meaning: 'Access-Control-Allow-Origin varies, Vary: Origin is missing and the answer may be stored.',
      fix: 'Send Vary: Origin on every answer of the route, also without Origin.',
    },
    'cors.vary-missing.uncached': {
      meaning: 'Vary: Origin is missing; only no-store keeps caches from mixing answers up.',
      fix: 'Send Vary: Origin on every answer of the route.',
    },
  },
  options: {},
  subjects: routes((entry) => entry.origins.length > 0),
  unless: noCors,
  needs: (subject, target) => ({ without: real(subject), declared: real(subject, welcome(subject, target)[0] ?? FOREIGN), foreign: real(subject, FOREIGN) }),
  judge: ({ without, declared, foreign }) => {
    const looks = [...new Map([without, declared, foreign].map((seen) => [seen === without ? 'none' : seen === declared ? 'declared' : 'foreign', seen]))]
    for (const [, seen] of looks) if (isObstacle(seen)) return inconclusive('unobserved', `${seen.url} answered ${seen.status}`)
    const policies = looks.map(([, seen]) => readCors(seen.headers))
    const varies = new Set(policies.map((cors) => `${cors.origins.join()} ${cors.credentialsRaw.join()}`)).size > 1
    const unsaid = looks.filter((_, index) => !['origin', '*'].some((one) => policies[index]?.vary.includes(one)))
    const evidence = looks.map(([origin, seen]) =>
      at(seen, `Vary, Origin: ${origin}`, varies ? 'Origin' : 'anything: the policy does not vary', headerValues(seen.headers, 'vary').join(', ') || 'absent'),
    )
    if (!varies || unsaid.length === 0) return pass(evidence)
    // Only an answer that does not say so can be given to the wrong origin, and only where a cache may keep it.
    const stored = unsaid.some(([, seen]) => !headerValues(seen.headers, 'cache-control').some((value) => /(?:^|[\s,])no-store(?:$|[\s,])/i.test(value)))
    return stored ? fail('cors.vary-missing', evidence) : warn('cors.vary-missing.uncached', evidence)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN),
  covers: ['E12'],
})

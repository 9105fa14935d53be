import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { answered, evidenceOf, excepted, isClosed, isRedirect, obstacle, plainRequest, REFUSALS } from './shared.ts'

const subjects = (target: Target): readonly Subject[] =>
  target.hosts.flatMap((host) => {
    const paths = host.declared.apiPaths ?? (host.kind === 'api' ? [host.path] : [])
    // What is declared to answer over plain http is judged by redirects/exceptions.
    return paths.filter((path) => !excepted(target, host, path)).map((path) => ({ name: `http://${host.fqdn}${path}`, host, item: path }))
  })

export default defineCheck({
  id: 'redirects/api-http',
  title: 'Interfaces do not serve plain http',
  failureTitle: 'An interface answers over plain http',
  why: 'A client that is redirected has already sent its token in clear, and goes on doing so unnoticed; one that is served never finds out.',
  source: 'OWASP ASVS v5 4.1.2',
  severity: 'medium',
  codes: {
    'redirects.api.served': {
      meaning: 'An interface route answers over plain http, or asks for credentials there.',
      fix: 'Close plain http for the interface, or answer 403 without a body.',
    },
    'redirects.api.redirected': {
      meaning: 'An interface route is redirected to https: the token of this request was sent in clear already.',
      fix: 'Answer 403 or 426 on http for these paths instead of a redirect.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'no host of kind api and no apiPaths are declared' },
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject), String(subject.item))) }),
  judge: ({ plain }, { subject }) => {
    if (isClosed(plain)) return pass({ what: subject.name, expected: 'closed or refused', received: 'connection refused' })
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const blocked = obstacle(seen.value)
    if (blocked !== undefined) return blocked
    const evidence = evidenceOf(seen.value, 'closed, or refused (403, 426 or the like)')
    if (REFUSALS.has(seen.value.status)) return pass(evidence)
    if (seen.value.status >= 500) return inconclusive('unobserved', `a gateway answered ${seen.value.status} instead of the interface`, evidence)
    if (isRedirect(seen.value) && headerValue(seen.value.headers, 'location') !== undefined) return warn('redirects.api.redirected', evidence)
    return fail('redirects.api.served', evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name),
})

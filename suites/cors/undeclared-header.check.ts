import { defineCheck } from '../../helpers/check.ts'
import { allowsHeader, readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, preflight, routes, UNDECLARED_HEADER, welcome } from './shared.ts'

export default defineCheck({
  id: 'cors/undeclared-header',
  title: 'The preflight allows the declared request headers only',
  failureTitle: 'The preflight allows any request header',
  why: 'Echoing what was asked opens headers that proxies and frameworks trust (X-Forwarded-*, X-HTTP-Method-Override) to foreign scripts.',
  source: 'cors.headers of the target; Fetch',
  severity: 'low',
  codes: {
    'cors.header-undeclared': {
      meaning: 'A request header that is not declared is allowed.',
      fix: 'List the request headers by name instead of echoing them, or declare headers: ["*"].',
    },
  },
  options: {},
  subjects: routes((entry) => entry.headers !== undefined && !entry.headers.includes('*') && entry.origins.length > 0),
  unless: { skip: 'not-declared', reason: 'no CORS route declares its request headers (headers:), or any is fine' },
  needs: (subject, target) => ({
    seen: preflight(subject, welcome(subject, target)[0] ?? FOREIGN, entryOf(subject).methods?.[0] ?? 'GET', [
      ...(entryOf(subject).headers ?? []),
      UNDECLARED_HEADER,
    ]),
  }),
  judge: ({ seen }, { subject }) => {
    if (isObstacle(seen)) return inconclusive('unobserved', `the preflight answered ${seen.status}`)
    const cors = readCors(seen.headers)
    const evidence = at(
      seen,
      `preflight that also asks for ${UNDECLARED_HEADER}`,
      `no more than ${entryOf(subject).headers?.join(', ') || 'none'}`,
      `${seen.status}: ${cors.headers?.join(', ') ?? 'absent'}`,
    )
    return allowsHeader(cors, UNDECLARED_HEADER, cors.credentials) ? warn('cors.header-undeclared', evidence) : pass(evidence)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN, 'OPTIONS', [['Access-Control-Request-Headers', UNDECLARED_HEADER]]),
  covers: ['E11'],
})

import { defineCheck } from '../../helpers/check.ts'
import { exposesHeader, readCors } from '../../helpers/grammar/cors.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { at, curl, entryOf, FOREIGN, real, routes, welcome } from './shared.ts'

export default defineCheck({
  id: 'cors/exposed-headers',
  title: 'Scripts can read the response headers they need',
  failureTitle: 'Scripts cannot read a response header they need',
  why: 'Retry-After, totals of a list or a version are in the answer and still invisible to the application unless they are exposed.',
  source: 'Fetch, CORS-safelisted response-header name and Access-Control-Expose-Headers',
  severity: 'medium',
  codes: {
    'cors.header-not-exposed': {
      meaning: 'A declared response header is not in Access-Control-Expose-Headers.',
      fix: 'Name it in Access-Control-Expose-Headers; with credentials * exposes nothing.',
    },
  },
  options: {},
  subjects: routes((entry) => (entry.expose?.length ?? 0) > 0),
  unless: { skip: 'not-declared', reason: 'no CORS route declares response headers for scripts (expose:)' },
  needs: (subject, target) => ({ seen: real(subject, welcome(subject, target)[0] ?? FOREIGN) }),
  judge: ({ seen }, { subject }) => {
    if (isObstacle(seen)) return inconclusive('unobserved', `${seen.url} answered ${seen.status}`)
    const cors = readCors(seen.headers)
    const credentials = cors.credentials || entryOf(subject).credentials === true
    const findings = (entryOf(subject).expose ?? []).map(
      (name): Finding => ({
        grade: exposesHeader(cors, name, credentials) ? 'pass' : 'fail',
        code: 'cors.header-not-exposed',
        evidence: at(seen, 'Access-Control-Expose-Headers', name, cors.exposed?.join(', ') ?? 'absent'),
      }),
    )
    return worst(findings)
  },
  reproduce: curl((subject, target) => welcome(subject, target)[0] ?? FOREIGN),
})

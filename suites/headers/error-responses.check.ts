import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { inconclusive, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { errorLooks, reach, usableOf, whole } from './responses.ts'
import { answerOf, curlPath, NOWHERE, noHosts } from './shared.ts'

export default defineCheck({
  id: 'headers/error-responses',
  title: 'Errors and redirects carry the headers of the document',
  failureTitle: 'Errors or redirects go without headers that the document has',
  why: 'An error page is a page of the origin: markup injected there runs with all its rights, and frames around it click as well.',
  source: 'nginx: ngx_http_headers_module, add_header always; OWASP ASVS 3.4',
  severity: 'medium',
  codes: {
    'headers.errors.declared': {
      meaning: 'An error or redirect goes without a header that the target declares for every response.',
      fix: 'nginx: write add_header … always, and repeat it in every location that has add_header of its own. Caddy: put header outside handle blocks and in handle_errors.',
    },
    'headers.errors.lost': {
      meaning: 'An error page goes without a header that the document has.',
      fix: 'nginx: add_header without always is only sent with 2xx and 3xx: write always.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ chain: documentOf(hostOf(subject)), errors: lookAt(hostOf(subject), errorLooks(hostOf(subject), target)) }),
  judge: ({ chain, errors }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const others = usableOf(errors)
    if (others.length === 0) return inconclusive('unobserved', 'no error could be provoked: every attempt failed or met a challenge or limiter')
    const redirects = chain.hops.slice(0, -1).filter((hop) => hop.url.startsWith('https:'))
    return whole(
      worst([...others, ...redirects].flatMap((other) => reach(host, basis.seen, other, { declared: 'headers.errors.declared', lost: 'headers.errors.lost' }))),
      errors,
    )
  },
  reproduce: curlPath(NOWHERE),
  covers: ['A31', 'B17', 'C9', 'D11', 'E23'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValue } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { pass, warn } from '../../helpers/verdict.ts'
import { answered, curlPlain, evidenceOf, isClosed, noHosts, obstacle, plainRequest } from './shared.ts'

export default defineCheck({
  id: 'redirects/hsts-over-http',
  title: 'HSTS is not sent over plain http',
  failureTitle: 'HSTS is sent over plain http, where browsers ignore it',
  why: 'A header that has no effect there lets a look at port 80 believe the site is protected.',
  source: 'RFC 6797 §7.2, §8.1',
  severity: 'low',
  codes: {
    'redirects.hsts-over-http': { meaning: 'A plain http answer carries Strict-Transport-Security.', fix: 'Send it only from the https server block.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain }, { subject }) => {
    if (isClosed(plain)) return pass({ what: `port 80 of ${subject.name}`, expected: 'no Strict-Transport-Security', received: 'connection refused' })
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const value = headerValue(seen.value.headers, 'strict-transport-security')
    const evidence = evidenceOf(seen.value, 'absent', value ?? 'absent', `Strict-Transport-Security of ${seen.value.url}`)
    if (value !== undefined) return warn('redirects.hsts-over-http', evidence)
    return obstacle(seen.value) ?? pass(evidence)
  },
  reproduce: curlPlain(),
})

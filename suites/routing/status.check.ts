import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { httpRequest } from '../../helpers/probes/http.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { curlHttps, evidenceOf, noHosts, obstacle } from './shared.ts'

export default defineCheck({
  id: 'routing/status',
  title: 'The host answers with the declared status',
  failureTitle: 'The host answers with another status than declared',
  why: 'The first question after every deploy: does this name reach something that works.',
  source: 'RFC 9110 §15; hosts.*.status of the target (default 200)',
  severity: 'high',
  codes: {
    'routing.status.server-error': {
      meaning: 'The host answers with a server error.',
      fix: 'Look at the application and at the proxy’s error log: the backend is down, refused or too slow.',
    },
    'routing.status.not-declared': {
      meaning: 'The host answers with a status that is not declared.',
      fix: 'Correct the route, or declare the status where it is right (a login redirect, an API root).',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: hostOf(subject).path }) }),
  judge: ({ answer }, { subject }) => {
    const host = hostOf(subject)
    const evidence = evidenceOf(answer, `status ${host.status.join(' or ')}`)
    if (host.status.includes(answer.status)) return pass(evidence)
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    return fail(answer.status >= 500 ? 'routing.status.server-error' : 'routing.status.not-declared', evidence)
  },
  reproduce: curlHttps(),
  covers: ['A7', 'B2'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { evidenceOf, noHosts, obstacle } from './shared.ts'

export default defineCheck({
  id: 'routing/head',
  title: 'HEAD is answered as GET is',
  failureTitle: 'HEAD is answered in another way than GET',
  why: 'Monitors and link checkers ask with HEAD; another status there is a false alarm for ever, or hides a real one.',
  source: 'RFC 9110 §9.3.2',
  severity: 'low',
  codes: {
    'routing.head.differs': { meaning: 'HEAD has another status than GET.', fix: 'Let the application answer HEAD with the route of GET.' },
    'routing.head.error': { meaning: 'HEAD ends in a server error.', fix: 'Look for the handler that fails without a body.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => {
    const asked = { scheme: 'https', host: hostOf(subject).fqdn, path: hostOf(subject).path } as const
    return { get: httpRequest(asked), head: attempt(httpRequest({ ...asked, method: 'HEAD' })) }
  },
  judge: ({ get, head }) => {
    if (!head.ok) return inconclusive('unobserved', `HEAD got no answer: ${head.failure.message} (${head.failure.code})`)
    const evidence = evidenceOf(head.value, `status ${get.status} as for GET`, `status ${head.value.status}`)
    if (head.value.status === get.status) return pass(evidence)
    const blocked = obstacle(head.value) ?? obstacle(get)
    if (blocked !== undefined) return blocked
    return head.value.status >= 500 ? fail('routing.head.error', evidence, 'medium') : warn('routing.head.differs', evidence)
  },
  reproduce: (subject, target) => curlFor(target, `https://${subject.name}${hostOf(subject).path}`, { method: 'HEAD' }),
  covers: ['A6'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'

import { fail, pass, warn } from '../../helpers/verdict.ts'
import { attempt } from '../../helpers/probe.ts'
import { curlPlain, declaredStatuses, evidenceOf, firstHop, isClosed, noHosts, plainRequest, redirecting } from './shared.ts'

export default defineCheck({
  id: 'redirects/status',
  title: 'Plain http redirects with the right status',
  failureTitle: 'Plain http redirects with another status than is right',
  why: 'Browsers and search engines remember only a permanent redirect; a temporary one is asked in clear every time.',
  source: 'RFC 9110 §15.4.2, §15.4.9; redirect.status of the target (default 301, 308)',
  severity: 'medium',
  codes: {
    'redirects.status.not-declared': {
      meaning: 'The redirect has a status that the target does not allow.',
      fix: 'Use the declared status: nginx return 301, Caddy redir … 301.',
    },
    'redirects.status.temporary': { meaning: 'The redirect to https is a temporary one.', fix: 'Use 301, or 308 where the method must stay.' },
  },
  options: {},
  subjects: redirecting,
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain }, { subject, target }) => {
    const host = hostOf(subject)
    const declared = declaredStatuses(host, target)
    const allowed = declared ?? [301, 308, 'closed']
    if (isClosed(plain))
      return pass({
        what: `port 80 of ${host.fqdn}`,
        expected: `status ${allowed.join(' or ')}`,
        received: 'connection refused: there is no redirect to judge',
      })
    const hop = firstHop(plain, host, target)
    if ('verdict' in hop) return hop.verdict
    const evidence = evidenceOf(hop.answer, `status ${allowed.join(' or ')}`)
    if (allowed.includes(hop.answer.status)) return pass(evidence)
    return declared === undefined ? warn('redirects.status.temporary', evidence) : fail('redirects.status.not-declared', evidence)
  },
  reproduce: curlPlain(),
  covers: ['A20', 'B15'],
})

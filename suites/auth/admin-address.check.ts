import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authAllowList } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, isOneOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/admin-address',
  title: 'Routes for listed addresses refuse others, whatever these say of themselves',
  failureTitle: 'A route for listed addresses opens to others',
  why: 'A list of addresses that is compared with X-Forwarded-For is a list that visitors fill in.',
  source: 'OWASP ASVS 4.1.3; CWE-290',
  severity: 'high',
  codes: {
    'auth.address.open': {
      meaning: 'The route answers an address that is not listed.',
      fix: 'Put the list where the address of the connection is known: allow and deny of nginx, remote_ip of Caddy.',
    },
    'auth.address.forged': {
      meaning: 'The route answers when a header claims a listed address.',
      fix: 'Take the client’s address from your own proxy alone: set_real_ip_from, trusted_proxies.',
    },
    'auth.address.status': { meaning: 'The route is refused with another status than declared.', fix: 'Correct the application, or allowList[].status.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.allowList !== undefined),
  unless: undeclared('allowList'),
  needs: (subject, target) => ({ seen: authAllowList(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = unanswered(seen.answers)
    if (blind !== undefined) return blind
    const findings = seen.answers.map((answer): Finding => {
      const wanted = flow.allowList?.find(({ url }) => answer.url.endsWith(url.replace(/^https?:\/\/[^/]+/, '')))?.status ?? 403
      const item = evidence(answer, `status ${[wanted].flat().join(', ')}`)
      if (succeeded(answer)) return { grade: 'fail', code: answer.what === 'from here' ? 'auth.address.open' : 'auth.address.forged', evidence: item }
      return isOneOf(wanted, answer, []) || answer.status === 404
        ? { grade: 'pass', evidence: item }
        : { grade: 'warn', code: 'auth.address.status', evidence: item }
    })
    return findings.length === 0 ? inconclusive('unobserved', 'no route was asked') : worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, { url: flow.allowList?.[0]?.url ?? '' }, { headers: [['X-Forwarded-For', '127.0.0.1']] })
  },
  covers: ['D32'],
})

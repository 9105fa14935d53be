import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'
import { curlPlain, DEEP_PATH, evidenceOf, isClosed, isRedirect, noHosts, obstacle, plainRequest } from './shared.ts'

export default defineCheck({
  id: 'redirects/methods',
  title: 'Every method and every path is redirected or refused',
  failureTitle: 'Some method or path is served over plain http',
  why: 'A redirect that covers only GET / leaves forms, deep links and monitoring on plain http.',
  source: 'RFC 9110 §9.3.2 (HEAD as GET); redirect.to of the target',
  severity: 'medium',
  codes: {
    'redirects.method.served': {
      meaning: 'A HEAD, a POST or a deep path is answered over plain http although GET / is redirected.',
      fix: 'Redirect at server level, not in location = / and not only for GET.',
    },
    'redirects.method.head-differs': { meaning: 'HEAD is answered with another status than GET.', fix: 'Let the same rule answer HEAD and GET.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => {
    const host = hostOf(subject)
    return {
      get: attempt(plainRequest(host)),
      head: attempt(plainRequest(host, '/', { method: 'HEAD' })),
      post: attempt(plainRequest(host, '/', { method: 'POST', body: 'postproof=1', headers: [['content-type', 'application/x-www-form-urlencoded']] })),
      deep: attempt(plainRequest(host, DEEP_PATH)),
    }
  },
  judge: (seen, { subject }) => {
    if (isClosed(seen.get)) return pass({ what: `port 80 of ${subject.name}`, expected: 'redirected or refused', received: 'connection refused' })
    if (!seen.get.ok || !isRedirect(seen.get.value)) {
      const blocked = seen.get.ok ? obstacle(seen.get.value) : undefined
      return blocked ?? inconclusive('unobserved', 'GET / over http is not redirected, so there is nothing to compare with')
    }
    const findings: Finding[] = []
    for (const one of [seen.head, seen.post, seen.deep]) {
      if (!one.ok) continue
      const evidence = evidenceOf(one.value, 'a redirect or a refusal, as for GET /')
      if (one.value.status < 300) findings.push({ grade: 'fail', code: 'redirects.method.served', evidence })
      else if (one.value.method === 'HEAD' && one.value.status !== seen.get.value.status)
        findings.push({
          grade: 'warn',
          code: 'redirects.method.head-differs',
          evidence: { ...evidence, expected: `status ${seen.get.value.status} as for GET` },
        })
      else findings.push({ grade: 'pass', evidence })
    }
    return findings.length === 0 ? inconclusive('unobserved', 'port 80 answered GET only') : worst(findings)
  },
  reproduce: curlPlain('/', { method: 'HEAD' }),
  covers: ['A20'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { type Evidence, type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'
import { curlPlain, DEEP_PATH, evidenceOf, firstHop, isClosed, noHosts, obstacle, plainRequest, redirecting } from './shared.ts'

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
  subjects: redirecting,
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
  judge: (seen, { subject, target }) => {
    if (isClosed(seen.get)) return pass({ what: `port 80 of ${subject.name}`, expected: 'redirected or refused', received: 'connection refused' })
    const get = firstHop(seen.get, hostOf(subject), target)
    if ('verdict' in get) return get.verdict
    const unknown: Evidence[] = []
    const findings: Finding[] = []
    for (const one of [seen.head, seen.post, seen.deep]) {
      if (!one.ok) {
        unknown.push({ what: 'answer to another method or path', expected: 'a redirect or a refusal', received: one.failure.code })
        continue
      }
      const evidence = evidenceOf(one.value, 'a redirect or a refusal, as for GET /')
      if (one.value.status >= 500 || obstacle(one.value) !== undefined) unknown.push(evidence)
      else if (one.value.status < 300) findings.push({ grade: 'fail', code: 'redirects.method.served', evidence })
      else if (one.value.method === 'HEAD' && one.value.status !== get.answer.status)
        findings.push({
          grade: 'warn',
          code: 'redirects.method.head-differs',
          evidence: { ...evidence, expected: `status ${get.answer.status} as for GET` },
        })
      else findings.push({ grade: 'pass', evidence })
    }
    const verdict = worst([...findings, ...(findings.length === 0 ? [{ grade: 'pass' as const, evidence: evidenceOf(get.answer, 'a redirect') }] : [])])
    return verdict.outcome === 'pass' && unknown.length > 0
      ? inconclusive('unobserved', 'what another method or path would be answered with could not be seen', unknown)
      : verdict
  },
  reproduce: curlPlain('/', { method: 'HEAD' }),
  covers: ['A20'],
})

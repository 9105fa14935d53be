import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, type Finding, skip, worst } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-rotation',
  title: 'Every refresh replaces the refresh token',
  failureTitle: 'A refresh token is good for ever',
  why: 'A refresh token that never changes can be stolen once and used beside its owner until somebody notices, which nothing then does.',
  source: 'RFC 9700 §4.14.2; OWASP ASVS 10.4.5',
  severity: 'high',
  codes: {
    'auth.refresh.not-rotated': {
      meaning: 'A refresh gives the same refresh token again, or none.',
      fix: 'Give a new refresh token with every refresh, and refuse the used one.',
    },
  },
  options: {},
  subjects: eachFlow(hasRefresh),
  unless: undeclared('refresh'),
  needs: (subject, target) => ({ seen: authRefresh(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    if (!seen.firstWorks) return inconclusive('unobserved', 'the refresh does not work: auth/refresh-works says how', evidence(seen.first, 'a refresh'))
    const item = evidence(seen.first, 'another refresh token', seen.refreshChanged ? 'another refresh token' : 'the same refresh token')
    if (flow.refresh?.rotation === false && !seen.refreshChanged)
      return skip('not-applicable', 'the target says that its clients are confidential and keep their refresh token', item)
    const finding: Finding = seen.refreshChanged ? { grade: 'pass', evidence: item } : { grade: 'fail', code: 'auth.refresh.not-rotated', evidence: item }
    return worst([finding])
  },
  reproduce: curlRefresh,
  covers: ['A46'],
})

import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, sameBody, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-binding',
  title: 'Access and refresh tokens cannot stand in for each other',
  failureTitle: 'Access and refresh tokens stand in for each other',
  why: 'A token that lives for weeks must not open what only one of minutes may, nor the other way round.',
  source: 'RFC 9068 §4; RFC 8725 §3.11; OWASP ASVS 9.2.2',
  severity: 'high',
  codes: {
    'auth.refresh.takes-access-token': { meaning: 'The refresh route takes an access token.', fix: 'Sign both with keys of their own, or check typ and aud.' },
    'auth.refresh.opens-routes': { meaning: 'A refresh token opens protected routes.', fix: 'Sign both with keys of their own, or check typ and aud.' },
  },
  options: {},
  subjects: eachFlow(hasRefresh),
  unless: undeclared('refresh'),
  needs: (subject, target) => ({ seen: authRefresh(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login) ?? unanswered([seen.accessAsRefresh, seen.refreshAsAccess])
    if (blind !== undefined) return blind
    const findings: Finding[] = [
      seen.accessAsRefreshWorks
        ? { grade: 'fail', code: 'auth.refresh.takes-access-token', evidence: evidence(seen.accessAsRefresh, 'refused') }
        : { grade: 'pass', evidence: evidence(seen.accessAsRefresh, 'refused') },
    ]
    const { refreshAsAccess, opened } = seen
    if (refreshAsAccess !== undefined)
      findings.push(
        succeeded(refreshAsAccess) && (opened === undefined || sameBody(opened, refreshAsAccess) || !succeeded(opened))
          ? { grade: 'fail', code: 'auth.refresh.opens-routes', evidence: evidence(refreshAsAccess, 'refused') }
          : { grade: 'pass', evidence: evidence(refreshAsAccess, 'refused') },
      )
    return worst(findings)
  },
  reproduce: curlRefresh,
  covers: ['A48'],
})

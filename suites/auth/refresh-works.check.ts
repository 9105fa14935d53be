import { defineCheck } from '../../helpers/check.ts'
import { illustrated, type Finding, worst } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, refreshStates, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-works',
  title: 'A refresh gives a new access token',
  failureTitle: 'A refresh gives no new access token',
  why: 'Where refreshing fails, everybody is thrown out a quarter of an hour after logging in: long after the deploy was called good.',
  source: 'RFC 6749 §6',
  severity: 'high',
  codes: {
    'auth.refresh.failed': {
      meaning: 'The refresh token of the login is refused, or the answer has no access token.',
      fix: 'Look at the answer; compare refresh.json and refresh.accessToken with what the application expects.',
    },
    'auth.refresh.same-token': { meaning: 'The refresh gives the same access token again.', fix: 'Issue a new token with a new iat and exp.' },
    'auth.refresh.token-refused': { meaning: 'The refreshed token does not open what the first one opens.', fix: 'Compare the claims of both.' },
  },
  options: {},
  subjects: eachFlow(hasRefresh),
  unless: undeclared('refresh'),
  needs: (subject, target) => ({ seen: authRefresh(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login) ?? unanswered([seen.first, seen.opened])
    if (blind !== undefined) return blind
    const findings: Finding[] = []
    if (!seen.firstWorks) findings.push({ grade: 'fail', code: 'auth.refresh.failed', evidence: evidence(seen.first, 'a new access token') })
    else {
      findings.push(
        seen.accessChanged
          ? { grade: 'pass', evidence: evidence(seen.first, 'another access token', `${seen.first.status}, another access token`) }
          : { grade: 'fail', code: 'auth.refresh.same-token', evidence: evidence(seen.first, 'another access token', 'the same, a second later too') },
      )
      if (seen.opened !== undefined)
        findings.push(
          succeeded(seen.opened)
            ? { grade: 'pass', evidence: evidence(seen.opened, '2xx', String(seen.opened.status)) }
            : { grade: 'fail', code: 'auth.refresh.token-refused', evidence: evidence(seen.opened, '2xx') },
        )
    }
    return illustrated(worst(findings), refreshStates(seen))
  },
  reproduce: curlRefresh,
  covers: ['A45'],
})

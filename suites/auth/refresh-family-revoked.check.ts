import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, type Finding, skip, worst } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-family-revoked',
  title: 'A refresh token that comes back ends the login',
  failureTitle: 'A login goes on although its used refresh token came back',
  why: 'When a used token comes back, owner or thief holds the new one and nobody knows which: both have to log in again.',
  source: 'RFC 9700 §4.14.2',
  severity: 'high',
  codes: {
    'auth.refresh.family-alive': {
      meaning: 'The used token is refused, but its successor goes on.',
      fix: 'Revoke the whole family when a used refresh token comes back.',
    },
    'auth.refresh.family-unguarded': {
      meaning: 'Used refresh tokens are accepted, and so is their successor.',
      fix: 'Refuse used refresh tokens, and revoke the family when one comes back.',
    },
  },
  options: {},
  subjects: eachFlow(hasRefresh),
  unless: undeclared('refresh'),
  needs: (subject, target) => ({ seen: authRefresh(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    if (!seen.firstWorks) return inconclusive('unobserved', 'the refresh does not work: auth/refresh-works says how', evidence(seen.first, 'a refresh'))
    if (!seen.refreshChanged)
      return skip('not-applicable', 'the refresh token does not change: there is no family', evidence(seen.first, 'another refresh token', 'the same'))
    const broken = unanswered([seen.family])
    if (broken !== undefined) return broken
    const detected = !seen.reuseAtOnceWorks || seen.reuseLaterWorks === false
    const item = evidence(seen.family, 'refused')
    const finding: Finding = !seen.familyWorks
      ? { grade: 'pass', evidence: item }
      : detected
        ? { grade: 'warn', code: 'auth.refresh.family-alive', evidence: item }
        : { grade: 'fail', code: 'auth.refresh.family-unguarded', evidence: item }
    return worst([finding])
  },
  reproduce: curlRefresh,
})

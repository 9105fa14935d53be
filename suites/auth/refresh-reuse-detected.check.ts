import { defineCheck } from '../../helpers/check.ts'
import { illustrated, inconclusive, type Finding, skip, worst } from '../../helpers/verdict.ts'
import { authRefresh } from '../../helpers/probes/auth.ts'
import { curlRefresh, eachFlow, evidence, flowOf, hasRefresh, noLogin, refreshStates, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/refresh-reuse-detected',
  title: 'A used refresh token is refused',
  failureTitle: 'A used refresh token is accepted',
  why: 'Rotation protects only if the old token is dead: otherwise thief and owner refresh side by side.',
  source: 'RFC 9700 §4.14.2',
  severity: 'critical',
  codes: {
    'auth.refresh.reuse-accepted': {
      meaning: 'A refresh token that was used gives new tokens, after the declared grace too.',
      fix: 'Remember used refresh tokens and refuse them; revoke the family when one comes back.',
    },
    'auth.refresh.grace': {
      meaning: 'A used refresh token is accepted within the grace, and refused after it.',
      fix: 'Keep the grace as short as parallel tabs need: a few seconds; none is declared better than a minute.',
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
    if (!seen.refreshChanged)
      return skip(
        'not-applicable',
        'the refresh token does not change: auth/refresh-rotation judges that',
        evidence(seen.first, 'another refresh token', 'the same'),
      )
    const broken = unanswered([seen.reuseAtOnce, seen.reuseLater])
    if (broken !== undefined) return broken
    const grace = flow.refresh?.graceSeconds ?? 60
    const findings: Finding[] = []
    if (!seen.reuseAtOnceWorks) findings.push({ grade: 'pass', evidence: evidence(seen.reuseAtOnce, 'refused') })
    else if (seen.reuseLater === undefined) return inconclusive('unobserved', 'it was not asked again after the grace', evidence(seen.reuseAtOnce, 'refused'))
    else if (seen.reuseLaterWorks === true)
      findings.push({ grade: 'fail', code: 'auth.refresh.reuse-accepted', evidence: evidence(seen.reuseLater, `refused after the grace of ${grace} s`) })
    else
      findings.push(
        {
          grade: 'warn',
          code: 'auth.refresh.grace',
          evidence: evidence(seen.reuseAtOnce, 'refused', `accepted at once, refused ${seen.waitedSeconds} s later`),
          severity: 'low',
        },
        { grade: 'pass', evidence: evidence(seen.reuseLater, 'refused') },
      )
    return illustrated(worst(findings), refreshStates(seen))
  },
  reproduce: curlRefresh,
  covers: ['A46'],
})

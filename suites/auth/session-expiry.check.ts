import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { authExpiry } from '../../helpers/probes/auth.ts'
import { curlRoute, eachFlow, evidence, flowOf, hasLogin, hasReadable, stillOpens, succeeded, unanswered, unclear, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/session-expiry',
  title: 'A session ends on the server when its cookie does',
  failureTitle: 'A session outlives its cookie',
  why: 'A stolen cookie does not obey Max-Age; only the server can end the session.',
  source: 'OWASP ASVS 7.3.2',
  severity: 'medium',
  codes: {
    'auth.session.outlives': {
      meaning: 'The session opens protected routes after the Max-Age of its cookie.',
      fix: 'Keep the end of the session on the server and check it.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.cookie !== undefined && hasReadable(flow)),
  unless: undeclared('login with a session cookie and a protected route'),
  needs: (subject, target) => ({ seen: authExpiry(flowOf(subject), target) }),
  judge: ({ seen }) => {
    if (seen.unwaited !== undefined) return skip('not-applicable', seen.unwaited, evidence(seen.before, 'a session that ends while we wait', seen.unwaited))
    const blind = unanswered([seen.before, ...seen.late.map(({ answer }) => answer)])
    if (blind !== undefined) return blind
    if (!succeeded(seen.before)) return inconclusive('unobserved', 'the session does not open the protected route', evidence(seen.before, '2xx'))
    const last = seen.late.at(-1)
    if (last === undefined) return inconclusive('unobserved', 'nothing was asked after its end')
    const item = evidence(last.answer, `refused ${last.afterSeconds} s after Max-Age ${seen.cookieSeconds ?? ''}`)
    const alive = stillOpens(last.answer, seen.before, seen.stranger)
    if (alive === undefined) return unclear(last.answer)
    return alive ? fail('auth.session.outlives', item) : pass(item)
  },
  reproduce: (subject, target) => curlRoute(target, subject),
  covers: ['E3'],
})

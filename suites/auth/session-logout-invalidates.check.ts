import { defineCheck } from '../../helpers/check.ts'
import { illustrated, inconclusive, type Finding, worst } from '../../helpers/verdict.ts'
import { authLogout } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, noLogin, states, step, stillOpens, succeeded, unanswered, unclear, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/session-logout-invalidates',
  title: 'Logging out ends the session on the server',
  failureTitle: 'A session goes on after logging out',
  why: 'On a shared or stolen device the logout is the only thing that helps; a cookie that is merely forgotten still opens everything.',
  source: 'OWASP ASVS 7.4.1; RFC 7009',
  severity: 'high',
  codes: {
    'auth.logout.session-alive': {
      meaning: 'The session cookie opens protected routes after logging out.',
      fix: 'Delete the session on the server, not only the cookie in the browser.',
    },
    'auth.logout.refresh-alive': { meaning: 'The refresh token works after logging out.', fix: 'Revoke the whole family of refresh tokens at logout.' },
    'auth.logout.token-alive': {
      meaning: 'The access token opens protected routes after logging out, for longer than is usual for tokens that nobody keeps count of.',
      fix: 'Keep access tokens to 15 minutes, or check a list of revoked ones.',
    },
    'auth.logout.failed': { meaning: 'Logging out fails.', fix: 'Look at the error behind it.' },
  },
  options: { statelessSeconds: 900 },
  subjects: eachFlow((flow) => hasLogin(flow) && flow.logout !== undefined),
  unless: undeclared('logout'),
  needs: (subject, target) => ({ seen: authLogout(flowOf(subject), target) }),
  judge: ({ seen }, { options }) => {
    const blind = noLogin(seen.login) ?? unanswered([seen.answer])
    if (blind !== undefined) return blind
    const findings: Finding[] = []
    if (seen.answer.status >= 400) findings.push({ grade: 'fail', code: 'auth.logout.failed', evidence: evidence(seen.answer, 'logged out') })
    const last = seen.later ?? seen.replayed
    let untold = unanswered([seen.opened, last])
    if (seen.opened !== undefined && !succeeded(seen.opened))
      untold ??= inconclusive('unobserved', 'the session does not open the protected route to begin with', evidence(seen.opened, '2xx with the session'))
    if (seen.opened !== undefined && last !== undefined && untold === undefined) {
      const alive = stillOpens(last, seen.opened, seen.stranger)
      if (alive === undefined) untold = unclear(last)
      const { token } = seen.login
      const lives = token?.exp === undefined || token.iat === undefined ? undefined : token.exp - token.iat
      if (alive === false) findings.push({ grade: 'pass', evidence: evidence(last, 'refused') })
      else if (alive === true && seen.login.accessToken && lives !== undefined && lives <= options.statelessSeconds)
        findings.push({
          grade: 'pass',
          evidence: evidence(
            last,
            `refused, or a token that ends within ${options.statelessSeconds} s`,
            `${last.status}: the token lives for ${Math.round(lives)} s whatever happens`,
          ),
        })
      else if (alive === true && seen.login.accessToken)
        findings.push({ grade: 'fail', code: 'auth.logout.token-alive', evidence: evidence(last, 'refused'), severity: 'medium' })
      else if (alive === true) findings.push({ grade: 'fail', code: 'auth.logout.session-alive', evidence: evidence(last, 'refused') })
    }
    if (seen.refreshed !== undefined && seen.refreshed.failure === undefined && seen.refreshed.obstacle === undefined)
      findings.push(
        seen.refreshedWorks
          ? { grade: 'fail', code: 'auth.logout.refresh-alive', evidence: evidence(seen.refreshed, 'refused') }
          : { grade: 'pass', evidence: evidence(seen.refreshed, 'refused') },
      )
    if (untold !== undefined && findings.every(({ grade }) => grade === 'pass')) return untold
    if (findings.length === 0)
      return inconclusive('misused', 'nothing shows whether the session lives: declare a protected route that can be read', evidence(seen.answer, 'logged out'))
    const steps = findings.map((finding) => step('logged out', finding.grade === 'fail' ? 'logged in' : 'logged out', finding))
    return illustrated(worst(findings), states('Logging out', steps))
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.logout ?? { url: '' }, flow.login?.accessToken === undefined ? { cookie: true } : { bearer: true })
  },
  covers: ['E4', 'E6'],
})

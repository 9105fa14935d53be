import { defineCheck } from '../../helpers/check.ts'
import { skip, type Finding, worst } from '../../helpers/verdict.ts'
import { authLogout } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasLogin, noLogin, stillOpens, unanswered, unclear, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/session-fixation',
  title: 'A login begins a new session',
  failureTitle: 'A login goes on with the session from before',
  why: 'Whoever can put a session into somebody’s browser owns the login that is made in it.',
  source: 'OWASP ASVS 7.2.4; WSTG-SESS-03',
  severity: 'high',
  codes: {
    'auth.session.fixed': {
      meaning: 'The session cookie has the same value before and after the login.',
      fix: 'Give the session a new identifier at every login, and forget the old one.',
    },
    'auth.session.old-lives': {
      meaning: 'The session from before the login is logged in as well.',
      fix: 'Forget the old identifier when the new one is given.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.cookie !== undefined && flow.logout !== undefined),
  unless: undeclared('login with a session cookie and a logout'),
  needs: (subject, target) => ({ seen: authLogout(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    const { login } = seen
    if (login.cookieBefore === undefined)
      return skip(
        'not-applicable',
        'no session cookie is set before the login (login.page names no page that sets it)',
        evidence(login.answer, 'a session cookie', 'a first one'),
      )
    const item = evidence(login.answer, 'another value than before the login', login.cookieBefore === login.cookieAfter ? 'the same value' : 'another value')
    const findings: Finding[] = [
      login.cookieBefore === login.cookieAfter ? { grade: 'fail', code: 'auth.session.fixed', evidence: item } : { grade: 'pass', evidence: item },
    ]
    if (seen.fixed !== undefined && seen.opened !== undefined && login.cookieBefore !== login.cookieAfter) {
      const unheard = unanswered([seen.fixed])
      if (unheard !== undefined) return unheard
      const lives = stillOpens(seen.fixed, seen.opened, seen.stranger)
      if (lives === undefined) return unclear(seen.fixed)
      findings.push(
        lives
          ? { grade: 'fail', code: 'auth.session.old-lives', evidence: evidence(seen.fixed, 'refused') }
          : { grade: 'pass', evidence: evidence(seen.fixed, 'refused') },
      )
    }
    return worst(findings)
  },
  reproduce: curlLogin,
  covers: ['E4'],
})

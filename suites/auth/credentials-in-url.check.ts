import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { authFailures, mainLogin } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/credentials-in-url',
  title: 'Neither passwords nor tokens travel in URLs',
  failureTitle: 'Passwords or tokens travel in URLs',
  why: 'URLs stand in logs, in histories and in the Referer of every link.',
  source: 'OWASP ASVS 14.2.1; RFC 6750 §2.3',
  severity: 'medium',
  codes: {
    'auth.url.password-accepted': {
      meaning: 'Name and password as parameters of a GET open a session.',
      fix: 'Take logins by POST alone, from the body alone.',
    },
    'auth.url.token-in-location': {
      meaning: 'The login redirects to a URL that holds a token or session.',
      fix: 'Set it as a cookie, or give a code that is good for one use.',
    },
  },
  options: {},
  subjects: eachFlow(hasLogin),
  unless: undeclared('login'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target), seen: authFailures(flowOf(subject), target) }),
  judge: ({ login, seen }) => {
    const findings: Finding[] = []
    const { answer } = login
    const blind = noLogin(login)
    if (blind !== undefined) return blind
    findings.push(
      answer.leaks.length > 0
        ? {
            grade: 'fail',
            code: 'auth.url.token-in-location',
            evidence: evidence(answer, 'a Location without secrets', `${answer.location ?? ''} (${answer.leaks.join(', ')})`),
          }
        : { grade: 'pass', evidence: evidence(answer, 'no secret in Location', answer.location ?? 'no Location') },
    )
    if (seen.inUrl !== undefined && seen.inUrl.failure === undefined && seen.inUrl.obstacle === undefined)
      findings.push(
        seen.inUrlUsable
          ? { grade: 'fail', code: 'auth.url.password-accepted', evidence: evidence(seen.inUrl, 'refused') }
          : { grade: 'pass', evidence: evidence(seen.inUrl, 'no session') },
      )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, { url: flow.login?.url ?? '' }, { method: 'GET' })
  },
})

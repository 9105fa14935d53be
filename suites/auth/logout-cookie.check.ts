import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, type Finding, worst } from '../../helpers/verdict.ts'
import { authLogout } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, noLogin, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/logout-cookie',
  title: 'Logging out takes the cookie back',
  failureTitle: 'Logging out leaves the cookie behind',
  why: 'A cookie is deleted only by one of the same name, path and domain; another one just stands beside it.',
  source: 'RFC 6265 §5.3; OWASP ASVS 7.4.1',
  severity: 'medium',
  codes: {
    'auth.logout.cookie-kept': {
      meaning: 'The answer to logging out does not delete the session cookie.',
      fix: 'Send Set-Cookie with the same name, Path and Domain and Max-Age=0, or Clear-Site-Data: "cookies".',
    },
    'auth.logout.cookie-elsewhere': {
      meaning: 'The deletion names another path or domain than the login, so browsers keep the cookie.',
      fix: 'Delete it with the Path and Domain it was set with.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.cookie !== undefined && flow.logout !== undefined),
  unless: undeclared('login with a session cookie and a logout'),
  needs: (subject, target) => ({ seen: authLogout(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = noLogin(seen.login) ?? unanswered([seen.answer])
    if (blind !== undefined) return blind
    if (seen.answer.status >= 400)
      return inconclusive('unobserved', 'logging out fails: auth/session-logout-invalidates says how', evidence(seen.answer, 'logged out'))
    const name = flow.login?.cookie
    const set = seen.login.answer.cookies.findLast((one) => one.name === name)?.cookie
    const gone = seen.answer.cookies.findLast((one) => one.name === name)
    const deletes =
      gone !== undefined &&
      ((typeof gone.cookie.maxAge === 'number' && gone.cookie.maxAge <= 0) ||
        (typeof gone.cookie.expires === 'number' && gone.cookie.expires < Date.parse(seen.answer.at)))
    // A new session in its place is not the old one.
    const replaced = gone !== undefined && !deletes && gone.length > 0 && gone.digest !== seen.login.answer.cookies.findLast((one) => one.name === name)?.digest
    const item = evidence(
      seen.answer,
      `${name ?? ''} deleted`,
      gone === undefined ? 'no Set-Cookie for it' : deletes ? 'deleted' : replaced ? 'replaced' : 'set again',
    )
    const finding: Finding =
      !deletes && !replaced
        ? { grade: 'fail', code: 'auth.logout.cookie-kept', evidence: item }
        : set !== undefined && (set.path !== gone?.cookie.path || set.domain !== gone?.cookie.domain)
          ? {
              grade: 'fail',
              code: 'auth.logout.cookie-elsewhere',
              evidence: {
                ...item,
                received: `Path ${gone?.cookie.path ?? 'none'}, Domain ${gone?.cookie.domain ?? 'none'}; set with Path ${set.path ?? 'none'}, Domain ${set.domain ?? 'none'}`,
              },
            }
          : { grade: 'pass', evidence: item }
    return worst([finding])
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.logout ?? { url: '' }, { cookie: true })
  },
  covers: ['E4'],
})

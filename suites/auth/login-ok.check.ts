import { defineCheck } from '../../helpers/check.ts'
import { attempt, type Observed } from '../../helpers/probe.ts'
import { type Answer, authFailures, type FailuresSeen, mainLogin } from '../../helpers/probes/auth.ts'
import type { AuthFlow } from '../../helpers/target/auth.ts'
import { fail, type Finding, illustrated, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasLogin, isOneOf, sameBody, shown, states, step, succeeded, unanswered, undeclared } from './shared.ts'

/** Where the answer leads, without its query. */
const pathOf = (answer: Answer): string | undefined =>
  answer.location !== undefined && URL.canParse(answer.location, answer.url) ? new URL(answer.location, answer.url).pathname : undefined
const formPaths = ({ login }: AuthFlow, domain: string): readonly string[] => {
  const url = login === undefined ? undefined : login.url.replaceAll('{domain}', domain)
  return url === undefined ? [] : [new URL(url).pathname, ...(login?.page === undefined ? [] : [new URL(login.page, url).pathname])]
}
/** The same status, the same way on, the same page, and a cookie set by both or by neither. */
const answeredAlike = (answer: Answer, refusal: Answer, cookie: string | undefined): boolean => {
  const sets = (one: Answer): boolean => one.cookies.some(({ name, length }) => name === cookie && length > 0)
  return (
    answer.status === refusal.status &&
    pathOf(answer) === pathOf(refusal) &&
    sets(answer) === sets(refusal) &&
    (answer.location !== undefined || sameBody(answer, refusal))
  )
}

export default defineCheck({
  id: 'auth/login-ok',
  title: 'The declared account can log in',
  failureTitle: 'The declared account cannot log in',
  why: 'A page that loads is no proof that anybody can use it; everything behind a login is unproven until somebody has logged in.',
  source: 'RFC 9110 §15.3; RFC 6749 §5.1',
  severity: 'high',
  codes: {
    'auth.login.refused': {
      meaning: 'The right name and password are refused.',
      fix: 'Look at the account and at what stands between edge and application: a body or a header that a proxy drops.',
    },
    'auth.login.page': {
      meaning: 'The login answers an HTML page where a token or a redirect is declared: usually the page that a single-page application answers to everything.',
      fix: 'Route the login to the application that knows it.',
    },
    'auth.login.no-session': {
      meaning: 'The login succeeds but gives neither the declared token nor the declared cookie.',
      fix: 'Look at the answer, and at login.accessToken or login.cookie of the target.',
    },
    'auth.login.token-unusable': {
      meaning: 'The token is no token: too long for a header, or broken.',
      fix: 'Keep tokens below 4 kB; look at what the issuer puts into it.',
    },
    'auth.login.status': { meaning: 'The login works with another status than declared.', fix: 'Correct the application, or login.status.' },
  },
  options: { tokenBytes: 4096 },
  subjects: eachFlow(hasLogin),
  unless: undeclared('login'),
  needs: (subject, target) => ({
    login: mainLogin(flowOf(subject), target),
    ...(flowOf(subject).flow.login?.cookie === undefined ? {} : { failures: attempt(authFailures(flowOf(subject), target)) }),
  }),
  judge: ({ login, failures }, { subject, target, options }) => {
    const { flow } = flowOf(subject)
    const { answer } = login
    const broken = unanswered([answer])
    if (broken !== undefined) return broken
    // Many applications give everybody a cookie: what a wrong password gets as well is no login.
    if (!login.accessToken && login.cookie && (succeeded(answer) || answer.location !== undefined)) {
      const tried = failures as Observed<FailuresSeen> | undefined
      const refusal = tried?.ok === true ? tried.value.wrong.find((one) => one.failure === undefined && one.obstacle === undefined) : undefined
      const alike = refusal !== undefined && answeredAlike(answer, refusal, flow.login?.cookie)
      const back = pathOf(answer)
      if (back !== undefined && back !== '/' && formPaths(flow, target.domain).includes(back) && (refusal === undefined || alike))
        return fail('auth.login.refused', evidence(answer, 'a login', `${answer.status} back to the form, ${back}`))
      if (alike && refusal !== undefined)
        return inconclusive('unobserved', 'the right password is answered as a wrong one is', [
          evidence(answer, 'another answer than to a wrong password'),
          evidence(refusal, 'refused'),
        ])
    }
    const wanted = flow.login?.accessToken ?? `cookie ${flow.login?.cookie ?? ''}`
    const findings: Finding[] = []
    const session = login.accessToken || (login.cookie && login.cookieAfter !== undefined)
    const redirected = answer.status >= 300 && answer.status < 400 && login.cookie
    const huge = login.token !== undefined && (login.token.form === 'malformed' || login.token.bytes > options.tokenBytes)
    if (huge && login.token !== undefined)
      findings.push({
        grade: 'fail',
        code: 'auth.login.token-unusable',
        evidence: evidence(
          answer,
          `a token of at most ${options.tokenBytes} bytes`,
          `${login.token.bytes} bytes${login.token.problem === undefined ? '' : `, ${login.token.problem}`}`,
        ),
      })
    else if (!session && answer.html && succeeded(answer)) findings.push({ grade: 'fail', code: 'auth.login.page', evidence: evidence(answer, wanted) })
    else if (!succeeded(answer) && !redirected) findings.push({ grade: 'fail', code: 'auth.login.refused', evidence: evidence(answer, 'a login') })
    else if (!session) findings.push({ grade: 'fail', code: 'auth.login.no-session', evidence: evidence(answer, wanted) })
    else {
      findings.push({
        grade: 'pass',
        evidence: evidence(
          answer,
          wanted,
          `${answer.status}, ${login.accessToken ? 'a token' : 'a cookie'}${login.refreshToken ? ' and a refresh token' : ''}`,
        ),
      })
      if (!isOneOf(flow.login?.status, answer, [answer.status]))
        findings.push({ grade: 'warn', code: 'auth.login.status', evidence: evidence(answer, `status ${[flow.login?.status].flat().join(', ')}`) })
    }
    const verdict = worst(findings)
    const transitions = findings.map((finding) => step('nobody', finding.grade === 'fail' ? 'nobody' : 'logged in', finding))
    return illustrated(verdict, states(`Login: ${shown(answer).slice(0, 60)}`, transitions))
  },
  reproduce: curlLogin,
  covers: ['A44'],
})

import { defineCheck } from '../../helpers/check.ts'
import { expiryOf, pathOfCookie } from '../../helpers/grammar/set-cookie.ts'
import { fail, inconclusive, pass, type Verdict } from '../../helpers/verdict.ts'
import { type Answer, authLogout, type SeenCookie } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, noLogin, unanswered, undeclared } from './shared.ts'

/** A deletion reaches the cookie of the same host or Domain and the same path alone (RFC 6265bis §5.7); what is not written comes from the URL. */
const placeOf = ({ cookie }: SeenCookie, { url }: Answer): string =>
  `${cookie.domain === undefined ? `host ${new URL(url).hostname}` : `Domain ${cookie.domain}`}, Path ${pathOfCookie(cookie, url)}`

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
    const name = flow.login?.cookie ?? ''
    if (seen.answer.clearsCookies === true) return pass(evidence(seen.answer, `${name} deleted`, 'Clear-Site-Data: every cookie deleted'))
    const ends = ({ cookie }: SeenCookie): boolean => expiryOf(cookie, Date.parse(seen.answer.at)).kind === 'deletion'
    const set = seen.login.answer.cookies.findLast((one) => one.name === name)
    const sent = seen.answer.cookies.filter((one) => one.name === name)
    // A new session in its place is not the old one, and an empty value is none.
    const taken = sent.filter((one) => ends(one) || one.digest !== set?.digest)
    const kept = (received: string): Verdict => fail('auth.logout.cookie-kept', evidence(seen.answer, `${name} deleted`, received))
    if (taken.length === 0) return kept(sent.length === 0 ? 'no Set-Cookie for it' : 'set again')
    const wanted = set === undefined ? undefined : placeOf(set, seen.login.answer)
    // One Set-Cookie for each place where it may lie is usual; the last for the same place counts.
    const there = sent.findLast((one) => wanted === undefined || placeOf(one, seen.answer) === wanted)
    if (there === undefined)
      return fail(
        'auth.logout.cookie-elsewhere',
        evidence(seen.answer, `${name} deleted`, `${taken.map((one) => placeOf(one, seen.answer)).join('; ')}; set with ${wanted ?? ''}`),
      )
    return taken.includes(there) ? pass(evidence(seen.answer, `${name} deleted`, ends(there) ? 'deleted' : 'replaced')) : kept('set again')
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.logout ?? { url: '' }, { cookie: true })
  },
  covers: ['E4'],
})

import { defineCheck } from '../../helpers/check.ts'
import { expiryOf } from '../../helpers/grammar/set-cookie.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { mainLogin } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasLogin, noLogin, undeclared } from './shared.ts'

const bytesOf = (length: number): number => Math.floor((length * 6) / 8)

export default defineCheck({
  id: 'auth/login-cookie',
  title: 'The cookie of a login is out of reach of others',
  failureTitle: 'The cookie of a login is in reach of others',
  why: 'The cookie that matters is the one that only a login sets; a look at the start page never sees it.',
  source: 'OWASP ASVS 3.3, 7.2.3; RFC 6265bis §5.7',
  severity: 'high',
  codes: {
    'auth.cookie.not-secure': { meaning: 'The session cookie has no Secure.', fix: 'Set Secure; over plain http it is sent to everybody on the way.' },
    'auth.cookie.script': { meaning: 'The session cookie has no HttpOnly.', fix: 'Set HttpOnly; no script needs to read it.' },
    'auth.cookie.same-site': { meaning: 'The session cookie has no SameSite.', fix: 'Set SameSite=Lax.' },
    'auth.cookie.short': { meaning: 'The session identifier is too short to be unguessable.', fix: 'Make it of 16 random bytes or more.' },
    'auth.cookie.twice': { meaning: 'The answer sets the session cookie twice, and not alike.', fix: 'Let one of proxy and application set it.' },
  },
  options: { bytes: 16 },
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.cookie !== undefined),
  unless: undeclared('login with a session cookie'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target) }),
  judge: ({ login }, { subject, options }) => {
    const { flow } = flowOf(subject)
    const blind = noLogin(login)
    if (blind !== undefined) return blind
    // The session from before may be taken back beside the new one.
    const set = login.answer.cookies.filter(
      ({ name, cookie }) => name === flow.login?.cookie && expiryOf(cookie, Date.parse(login.answer.at)).kind !== 'deletion',
    )
    if (set.length === 0) return inconclusive('unobserved', 'the answer of the login sets no such cookie', evidence(login.answer, flow.login?.cookie ?? ''))
    const findings: Finding[] = []
    for (const { name, cookie, length } of set) {
      const say = (ok: boolean, code: string, expected: string, received: string, severity?: 'medium', grade: 'fail' | 'warn' = 'fail'): void => {
        const item = { ...evidence(login.answer, expected, received), what: `Set-Cookie ${name}` }
        findings.push(ok ? { grade: 'pass', evidence: item } : { grade, code, evidence: item, ...(severity === undefined ? {} : { severity }) })
      }
      say(cookie.secure, 'auth.cookie.not-secure', 'Secure', cookie.secure ? 'Secure' : 'none')
      say(cookie.httpOnly, 'auth.cookie.script', 'HttpOnly', cookie.httpOnly ? 'HttpOnly' : 'none')
      say(
        cookie.sameSite === 'lax' || cookie.sameSite === 'strict' || (cookie.sameSite === 'none' && cookie.secure),
        'auth.cookie.same-site',
        'SameSite',
        cookie.sameSite,
        'medium',
        cookie.sameSite === 'absent' ? 'warn' : 'fail',
      )
      say(bytesOf(length) >= options.bytes, 'auth.cookie.short', `at least ${options.bytes} random bytes`, `${length} characters`)
    }
    const differ = set.some(
      ({ cookie }) => cookie.secure !== set[0]?.cookie.secure || cookie.httpOnly !== set[0].cookie.httpOnly || cookie.sameSite !== set[0].cookie.sameSite,
    )
    if (set.length > 1 && differ)
      findings.push({ grade: 'fail', code: 'auth.cookie.twice', evidence: evidence(login.answer, 'one Set-Cookie', `${set.length}`) })
    return worst(findings)
  },
  reproduce: curlLogin,
  covers: ['A52', 'E4'],
})

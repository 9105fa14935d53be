import { defineCheck } from '../../helpers/check.ts'
import { type Finding, fail, skip, worst } from '../../helpers/verdict.ts'
import { mainLogin } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasToken, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-claims',
  title: 'Access tokens say who made them, for whom, and until when',
  failureTitle: 'Access tokens do not say what they must',
  why: 'A token without an end is a password that nobody can change; one without an audience opens the neighbour’s door.',
  source: 'RFC 8725 §3.8-3.9; RFC 7519 §4.1; OWASP ASVS 9.2',
  severity: 'medium',
  codes: {
    'auth.jwt.no-exp': { meaning: 'The token never expires.', fix: 'Set exp, at most an hour from iat, and refresh.' },
    'auth.jwt.long-lived': { meaning: 'The token lives longer than declared.', fix: 'Shorten it, and refresh.' },
    'auth.jwt.claims-missing': { meaning: 'The token lacks iss, aud, sub, or a declared claim.', fix: 'Set them, and check them where the token is used.' },
    'auth.jwt.issuer': {
      meaning: 'iss or aud is not what the target declares.',
      fix: 'Correct the configuration of the issuer: often a name from the developer’s machine.',
    },
    'auth.jwt.clock': { meaning: 'iat lies in the future.', fix: 'Set the clock of the issuer.' },
    'auth.jwt.secret-inside': {
      meaning: 'The token carries a password, a key or a card number. Tokens are signed, not encrypted.',
      fix: 'Take it out, and end every session.',
    },
    'auth.jwt.personal': { meaning: 'The token carries an address of a person.', fix: 'Carry an identifier alone.' },
    'auth.jwt.unreadable': { meaning: 'The token looks like a JWT and is none: broken encoding, no algorithm.', fix: 'Look at what makes it.' },
  },
  options: { clockSeconds: 300, warnSeconds: 86_400 },
  subjects: eachFlow(hasToken),
  unless: undeclared('login with access tokens'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target) }),
  judge: ({ login }, { subject, options, now }) => {
    const { flow } = flowOf(subject)
    const blind = noLogin(login)
    if (blind !== undefined) return blind
    const { token } = login
    if (token === undefined || token.form === 'opaque' || token.form === 'encrypted')
      return skip(
        'not-applicable',
        `the access token is ${token?.form ?? 'not there'}: its content is nobody’s business`,
        evidence(login.answer, 'a JWT', token?.form ?? 'none'),
      )
    if (token.form === 'malformed' || token.alg === undefined)
      return fail('auth.jwt.unreadable', evidence(login.answer, 'a header and claims that can be read, and an algorithm', token.problem ?? 'no alg'))
    const findings: Finding[] = []
    const say = (ok: boolean, code: string, what: string, expected: string, received: string, grade: 'warn' | 'fail' = 'fail', severity?: 'high'): void => {
      const item = { what, expected, received, where: login.answer.url, at: login.answer.at }
      findings.push(ok ? { grade: 'pass', evidence: item } : { grade, code, evidence: item, ...(severity === undefined ? {} : { severity }) })
    }
    const iat = token.iat ?? now.getTime() / 1000
    const wanted = flow.token?.lifetimeSeconds ?? 3_600
    if (token.exp === undefined) say(false, 'auth.jwt.no-exp', 'exp', 'a time', 'none')
    else {
      const lives = token.exp - iat
      say(
        lives <= wanted + 5,
        'auth.jwt.long-lived',
        'exp − iat',
        `at most ${wanted} s`,
        `${Math.round(lives)} s`,
        lives > options.warnSeconds || flow.token?.lifetimeSeconds !== undefined ? 'fail' : 'warn',
      )
    }
    const missing = [...(token.iss === undefined ? ['iss'] : []), ...(token.aud === undefined ? ['aud'] : []), ...(token.hasSubject ? [] : ['sub'])]
    const undeclaredClaims = (flow.token?.claims ?? []).filter((name) => !token.claimNames.includes(name))
    say(
      missing.length === 0 && undeclaredClaims.length === 0,
      'auth.jwt.claims-missing',
      'claims',
      ['iss', 'aud', 'sub', ...(flow.token?.claims ?? [])].join(', '),
      token.claimNames.join(', '),
      undeclaredClaims.length > 0 ? 'fail' : 'warn',
    )
    if (flow.token?.issuer !== undefined && token.iss !== undefined)
      say(token.iss === flow.token.issuer, 'auth.jwt.issuer', 'iss', flow.token.issuer, token.iss)
    if (flow.token?.audience !== undefined && token.aud !== undefined)
      say(token.aud.includes(flow.token.audience), 'auth.jwt.issuer', 'aud', flow.token.audience, token.aud.join(', '))
    if (token.iat !== undefined)
      say(
        token.iat <= Date.parse(login.answer.at) / 1000 + options.clockSeconds,
        'auth.jwt.clock',
        'iat',
        `not more than ${options.clockSeconds} s ahead`,
        new Date(token.iat * 1000).toISOString(),
      )
    say(token.secret.length === 0, 'auth.jwt.secret-inside', 'claims that hold secrets', 'none', token.secret.join(', ') || 'none', 'fail', 'high')
    say(token.personal.length === 0, 'auth.jwt.personal', 'claims that hold addresses of persons', 'none', token.personal.join(', ') || 'none', 'warn')
    return worst(findings)
  },
  reproduce: curlLogin,
  covers: ['A48'],
})

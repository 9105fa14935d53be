import { defineCheck } from '../../helpers/check.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { authExpiry, jwtAttacks } from '../../helpers/probes/auth.ts'
import {
  attackVerdict,
  curlRoute,
  eachFlow,
  evidence,
  flowOf,
  hasReadable,
  hasToken,
  stillOpens,
  succeeded,
  unanswered,
  unclear,
  undeclared,
} from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-exp-enforced',
  title: 'Expired tokens are refused',
  failureTitle: 'An expired token is accepted',
  why: 'exp protects nobody unless whoever takes the token looks at it, and at the right clock.',
  source: 'RFC 7519 §4.1.4; a tolerance of a minute is sound, five are what some frameworks begin with',
  severity: 'high',
  codes: {
    'auth.jwt.expired-accepted': {
      meaning: 'A token is accepted after its end and the tolerance for clocks.',
      fix: 'Check exp with a tolerance of at most a minute; look at the clock of whoever checks.',
    },
    'auth.jwt.expired-late': {
      meaning: 'A token is accepted for more than a minute after its end, and refused within five.',
      fix: 'Set the tolerance for clocks to a minute at most (ASP.NET Core: TokenValidationParameters.ClockSkew, five minutes unless set), or declare token.leewaySeconds.',
    },
  },
  options: { leewaySeconds: 60, mostSeconds: 300 },
  subjects: eachFlow((flow) => hasToken(flow) && hasReadable(flow)),
  unless: undeclared('login with access tokens and a protected route'),
  needs: (subject, target) => ({
    waited: authExpiry(flowOf(subject), target),
    ...(flowOf(subject).flow.token?.expired === undefined ? {} : { seen: jwtAttacks(flowOf(subject), target) }),
  }),
  judge: (looks, { subject, options }) => {
    const { flow } = flowOf(subject)
    const { waited } = looks
    if (looks.seen !== undefined) {
      const verdict = attackVerdict(looks.seen, 'expired', 'auth.jwt.expired-accepted')
      if (verdict.outcome !== 'pass' || waited.unwaited !== undefined) return verdict
    }
    if (waited.unwaited !== undefined)
      return skip(
        'not-applicable',
        `${waited.unwaited}; and token.expired names no token`,
        evidence(waited.before, 'a token that ends while we wait', waited.unwaited),
      )
    if (waited.token?.exp === undefined) return skip('not-applicable', 'the token does not say when it ends', evidence(waited.before, 'exp', 'none'))
    const blind = unanswered([waited.before, ...waited.late.map(({ answer }) => answer)])
    if (blind !== undefined) return blind
    if (!succeeded(waited.before)) return inconclusive('unobserved', 'the token does not open the protected route', evidence(waited.before, '2xx'))
    const last = waited.late.at(-1)
    if (last === undefined) return inconclusive('unobserved', 'nothing was asked after its end')
    const declared = flow.token?.leewaySeconds
    const allowed = declared ?? options.leewaySeconds
    const alive = stillOpens(last.answer, waited.before, waited.stranger)
    if (alive === undefined) return unclear(last.answer)
    const item = evidence(last.answer, `refused within ${allowed} s after exp`, `${last.answer.status}, ${last.afterSeconds} s after exp`)
    if (alive)
      return declared === undefined && last.afterSeconds < options.mostSeconds
        ? inconclusive('unobserved', 'the look ended while it was still accepted', item)
        : fail('auth.jwt.expired-accepted', item)
    // Refused at last: after which tolerance, the one before tells.
    const before = waited.late.at(-2)
    return before !== undefined && before.afterSeconds > allowed ? warn('auth.jwt.expired-late', item) : pass(item)
  },
  reproduce: (subject, target) => curlRoute(target, subject),
  covers: ['A48'],
})

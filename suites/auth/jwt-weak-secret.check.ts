import { defineCheck } from '../../helpers/check.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'
import { mainLogin } from '../../helpers/probes/auth.ts'
import { curlLogin, eachFlow, evidence, flowOf, hasToken, noLogin, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/jwt-weak-secret',
  title: 'The key of the tokens is none that everybody knows',
  failureTitle: 'The key of the tokens is one that everybody knows',
  why: 'Examples come with a key, and so do deployments whose environment lacks the variable: with it anybody signs any token.',
  source: 'RFC 8725 §3.5; RFC 2104 §3',
  severity: 'critical',
  codes: {
    'auth.jwt.known-secret': {
      meaning: 'The token is signed with a key from examples, tutorials or defaults.',
      fix: 'Make 32 random bytes the key, end every session, and look for what was done with the old one.',
    },
  },
  options: {},
  subjects: eachFlow(hasToken),
  unless: undeclared('login with access tokens'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target) }),
  judge: ({ login }) => {
    const blind = noLogin(login)
    if (blind !== undefined) return blind
    const { token } = login
    const item = evidence(
      login.answer,
      'a key that is in no list',
      `alg ${token?.alg ?? 'unknown'}, ${token?.knownSecretsTried ?? 0} known keys tried without a request`,
    )
    if (token?.weakSecret === undefined) {
      // A signature by a key pair has no secret to guess; that is what was looked at.
      if (token?.form === 'jwt' && token.alg !== undefined && /^(?:RS|PS|ES|EdDSA|Ed)/.test(token.alg))
        return pass({ ...item, received: `alg ${token.alg}: signed with a private key` })
      return skip('not-applicable', `the token is not signed with a secret (${token?.form ?? 'none'})`, item)
    }
    return token.weakSecret
      ? fail('auth.jwt.known-secret', { ...item, received: `alg ${token.alg ?? ''}: one of ${token.knownSecretsTried} known keys fits` })
      : pass(item)
  },
  reproduce: curlLogin,
})

import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlSignIn, eachGateway, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/identity-beside-login',
  title: 'Headers of a visitor do not stand beside those of the provider',
  failureTitle: 'A visitor’s own identity header reaches the application',
  why: 'Copying headers adds; it does not take away what the visitor sent, under this name or one that the application reads alike.',
  source: 'GHSA-7r4p-vjf4-gxv4; GHSA-f59h-q822-g45g',
  severity: 'critical',
  codes: {
    'forward-auth.identity.beside': {
      meaning: 'With a login, an identity header of the visitor reaches the application in place of the provider’s.',
      fix: 'Delete these headers before copying (Caddy 2.11 and later do), underscores included.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined && gateway.echo !== undefined),
  unless: undeclared('signIn and echo'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.signIn])
    if (blind !== undefined) return blind
    const answered = seen.spoofed.filter(({ answer }) => succeeded(answer))
    if (answered.length === 0)
      return inconclusive(
        'unobserved',
        'the path that shows the headers does not answer with the login',
        seen.spoofed.slice(0, 1).map(({ answer }) => evidence(answer, '2xx')),
      )
    return concluded(
      answered.map(
        ({ answer, shown }): Finding =>
          shown
            ? { grade: 'fail', code: 'forward-auth.identity.beside', evidence: evidence(answer, 'the value of the provider', 'our value') }
            : { grade: 'pass', evidence: evidence(answer, 'the value of the provider', 'not ours') },
      ),
    )
  },
  reproduce: curlSignIn,
  covers: ['B26'],
})

import { defineCheck } from '../../helpers/check.ts'
import { inconclusive } from '../../helpers/verdict.ts'
import type { Finding } from '../../helpers/verdict.ts'
import { authGate } from '../../helpers/probes/auth.ts'
import { concluded, controlled, curlRoute, eachFlow, evidence, flowOf, grants, hasLogin, hasReadable, noLogin, sameBody, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/method-path-bypass',
  title: 'Protected routes are protected by every spelling',
  failureTitle: 'A protected route opens by another spelling',
  why: 'Guard and router that read a path differently leave a gap between them.',
  source: 'WSTG-ATHZ-02; CWE-288',
  severity: 'high',
  codes: {
    'auth.bypass.open': {
      meaning: 'A spelling of the path, another method or a header that rewrites it gives the protected content without a login.',
      fix: 'Normalise the path once, at the edge; drop X-Original-URL, X-Rewrite-URL and X-HTTP-Method-Override there; guard routes and not paths.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && hasReadable(flow)),
  unless: undeclared('login with a protected route that can be read'),
  needs: (subject, target) => ({ seen: authGate(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = noLogin(seen.login)
    if (blind !== undefined) return blind
    const readable = seen.routes.filter(({ variants, route }) => variants.length > 0 && route.roles === undefined)
    const first = readable[0]
    const control = controlled(first?.authorised, first?.anonymous)
    if (control !== undefined) return control
    const findings = readable.flatMap(({ variants, authorised, anonymous }) =>
      variants
        .filter(({ failure, obstacle }) => failure === undefined && obstacle === undefined)
        .map((answer): Finding => {
          // What answers everything with one page shows nothing of the route; a body of nothing (HEAD) is told by its status.
          const open =
            answer.method === 'HEAD'
              ? grants(answer, authorised, anonymous) && !answer.html
              : sameBody(answer, authorised) && grants(answer, authorised, anonymous)
          return open
            ? { grade: 'fail', code: 'auth.bypass.open', evidence: evidence(answer, 'refused') }
            : { grade: 'pass', evidence: evidence(answer, 'refused, or nothing of the route') }
        }),
    )
    return concluded(findings, inconclusive('unobserved', 'no variant was answered'))
  },
  reproduce: (subject, target) => curlRoute(target, subject, { bearer: false, cookie: false, headers: [['X-Original-URL', '/']] }),
  covers: ['A51'],
})

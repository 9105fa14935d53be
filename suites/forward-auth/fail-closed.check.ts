import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { type Finding, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlHost, eachGuarded, evidence, guardedOf, keepsOut, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/fail-closed',
  title: 'With the provider stopped, everything is closed',
  failureTitle: 'With the provider stopped, hosts are open',
  why: 'A guard that lets through what it cannot ask about is none on the day it matters.',
  source: 'CWE-636; OWASP ASVS 16.5.3',
  severity: 'medium',
  codes: {
    'forward-auth.fails-open': {
      meaning: 'A host answers its content while the provider is stopped.',
      fix: 'Refuse what cannot be asked about: no handle_errors that goes on, no default in auth_request.',
    },
  },
  options: {},
  subjects: eachGuarded(({ gateway }) => gateway.providerStopped === true),
  unless: undeclared('drill with the provider stopped (forwardAuth.providerStopped)'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }) => {
    const looks = [seen.document, ...seen.paths]
    const answered = looks.filter(({ answer }) => answer.failure === undefined && answer.obstacle !== 'a challenge')
    if (answered.length === 0) return unanswered(looks.map(({ answer }) => answer)) ?? inconclusive('unobserved', 'nothing was answered')
    return concluded(
      answered.map((one): Finding => {
        const item = evidence(one.answer, '5xx, or the login')
        return one.answer.status >= 500 || keepsOut(one)
          ? { grade: 'pass', evidence: item }
          : { grade: 'fail', code: 'forward-auth.fails-open', evidence: item, severity: 'critical' }
      }),
    )
  },
  reproduce: (subject, target) => curlHost(subject, target),
  covers: ['B28'],
})

import { defineCheck } from '../../helpers/check.ts'
import { gatewayProvider } from '../../helpers/probes/forward-auth.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding } from '../../helpers/verdict.ts'
import { concluded, eachGateway, evidence, guardedOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/setup-closed',
  title: 'Set-up pages are no longer there',
  failureTitle: 'A set-up page is open to visitors',
  why: 'Whoever comes first to a set-up page becomes its administrator.',
  source: 'authentik: initial setup; CWE-1188',
  severity: 'critical',
  codes: {
    'forward-auth.setup.open': { meaning: 'The set-up page of the provider answers.', fix: 'Finish the set-up, and disable its flow.' },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.closed !== undefined),
  unless: undeclared('closed set-up pages'),
  needs: (subject, target) => ({ seen: gatewayProvider(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.closed)
    if (blind !== undefined) return blind
    return concluded(
      seen.closed.map(
        (answer): Finding =>
          succeeded(answer)
            ? { grade: 'fail', code: 'forward-auth.setup.open', evidence: evidence(answer, 'refused') }
            : { grade: 'pass', evidence: evidence(answer, 'refused') },
      ),
    )
  },
  reproduce: (subject, target) => curlFor(target, (guardedOf(subject).gateway.closed?.[0] ?? '').replaceAll('{domain}', target.domain)),
  covers: ['B32'],
})

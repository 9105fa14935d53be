import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { authClient } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/client-credentials',
  title: 'The client gets a token for its secret alone',
  failureTitle: 'The token end point does not do what it must',
  why: 'Programs sign in where nobody watches: what goes wrong there is found by whoever looks for it.',
  source: 'RFC 6749 §4.4, §5',
  severity: 'high',
  codes: {
    'auth.client.refused': {
      meaning: 'The right secret gives no token, or one that opens nothing.',
      fix: 'Look at the client, its grant types and its scope.',
    },
    'auth.client.wrong-accepted': { meaning: 'A wrong secret gives a token.', fix: 'Take the client away until the comparison is repaired.' },
    'auth.client.cacheable': { meaning: 'The answer with the token does not say no-store.', fix: 'Send Cache-Control: no-store with it.' },
    'auth.client.status': { meaning: 'A wrong secret is not refused with 400 or 401.', fix: 'Answer 401 with error invalid_client.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.client?.secret !== undefined),
  unless: undeclared('client with a secret'),
  needs: (subject, target) => ({ seen: authClient(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.good, seen.wrong, seen.opened])
    if (blind !== undefined) return blind
    const findings: Finding[] = []
    if (!succeeded(seen.good) || seen.token === undefined)
      findings.push({ grade: 'fail', code: 'auth.client.refused', evidence: evidence(seen.good, 'a token') })
    else {
      findings.push({ grade: 'pass', evidence: evidence(seen.good, 'a token', `${seen.good.status}, a token`) })
      const stored = !/(?:^|[,\s])no-store(?:$|[,\s])/i.test(seen.good.cacheControl.join(', '))
      const item = evidence(seen.good, 'Cache-Control: no-store', seen.good.cacheControl.join(', ') || 'none')
      findings.push(stored ? { grade: 'fail', code: 'auth.client.cacheable', evidence: item, severity: 'medium' } : { grade: 'pass', evidence: item })
      if (seen.opened !== undefined)
        findings.push(
          succeeded(seen.opened)
            ? { grade: 'pass', evidence: evidence(seen.opened, '2xx', String(seen.opened.status)) }
            : { grade: 'fail', code: 'auth.client.refused', evidence: evidence(seen.opened, '2xx') },
        )
    }
    if (seen.wrongWorks) findings.push({ grade: 'fail', code: 'auth.client.wrong-accepted', evidence: evidence(seen.wrong, 'refused'), severity: 'critical' })
    else
      findings.push(
        seen.wrong.status === 400 || seen.wrong.status === 401
          ? { grade: 'pass', evidence: evidence(seen.wrong, 'refused') }
          : { grade: 'warn', code: 'auth.client.status', evidence: evidence(seen.wrong, '400 or 401') },
      )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(
      target,
      flow,
      { url: flow.client?.tokenUrl ?? '', form: { grant_type: 'client_credentials' } },
      { headers: [['Authorization', 'Basic {CLIENT}']] },
    )
  },
})

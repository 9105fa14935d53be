import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, type Verdict, worst } from '../../helpers/verdict.ts'
import { authApiKey } from '../../helpers/probes/auth.ts'
import { curlRoute, eachFlow, evidence, flowOf, isOneOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/api-key',
  title: 'The API takes its key and no other',
  failureTitle: 'The API takes what is not its key',
  why: 'A comparison that asks only whether there is a key at all looks right in every demonstration.',
  source: 'OWASP API2:2023; RFC 9110 §15.5.2',
  severity: 'high',
  codes: {
    'auth.key.open': { meaning: 'The route answers without a key.', fix: 'Ask for the key on that route.' },
    'auth.key.wrong-accepted': {
      meaning: 'A key that is not the right one is accepted: made up, in another case, cut or longer.',
      fix: 'Compare the whole key, byte by byte, in constant time.',
    },
    'auth.key.in-query': { meaning: 'The key works as a parameter of the URL, where logs keep it.', fix: 'Take it from the header alone.' },
    'auth.key.refused': { meaning: 'The right key is refused.', fix: 'Look at the header’s name, and at what a proxy drops.' },
    'auth.key.error': { meaning: 'A wrong key ends in a server error.', fix: 'Refuse with 401.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.apiKey !== undefined && flow.protected !== undefined),
  unless: undeclared('apiKey with protected routes'),
  needs: (subject, target) => ({ seen: authApiKey(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const findings: Finding[] = []
    let unheard: Verdict | undefined
    for (const { right, without, wrong, inQuery } of seen.routes) {
      const blind = unanswered([right, without, ...wrong, inQuery])
      if (blind !== undefined) {
        unheard ??= blind
        continue
      }
      const opened = succeeded(right)
      findings.push(
        opened
          ? { grade: 'pass', evidence: evidence(right, 'accepted', String(right.status)) }
          : { grade: 'fail', code: 'auth.key.refused', evidence: evidence(right, 'accepted') },
      )
      const refusal = flow.failureStatus ?? [401, 403]
      const one = (answer: typeof right, code: string, severity?: 'medium'): Finding =>
        succeeded(answer)
          ? { grade: 'fail', code, evidence: evidence(answer, 'refused'), ...(severity === undefined ? {} : { severity }) }
          : answer.status >= 500
            ? { grade: 'fail', code: 'auth.key.error', evidence: evidence(answer, 'refused'), severity: 'medium' }
            : {
                grade: 'pass',
                evidence: evidence(answer, `refused with ${[refusal].flat().join(', ')}`, isOneOf(refusal, answer, []) ? String(answer.status) : undefined),
              }
      findings.push(one(without, 'auth.key.open'))
      if (!succeeded(without)) for (const answer of wrong) findings.push(one(answer, 'auth.key.wrong-accepted'))
      if (!succeeded(without)) findings.push(one(inQuery, 'auth.key.in-query', 'medium'))
    }
    if (unheard !== undefined && findings.every(({ grade }) => grade === 'pass')) return unheard
    return findings.length === 0 ? inconclusive('unobserved', 'no route was asked') : worst(findings)
  },
  reproduce: (subject, target) =>
    curlRoute(target, subject, { bearer: false, cookie: false, headers: [[flowOf(subject).flow.apiKey?.header ?? 'X-Api-Key', 'wrong']] }),
  covers: ['B36'],
})

import { defineCheck } from '../../helpers/check.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { authFailures, mainLogin } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, noLogin, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/login-cors',
  title: 'Only the declared origin may log in and read the answer',
  failureTitle: 'The origins that may log in are not the declared one',
  why: 'The answer of a login is a token: a page that may read it has it.',
  source: 'Fetch §3.3; WSTG-CLNT-07',
  severity: 'high',
  codes: {
    'auth.login.cors-missing': {
      meaning: 'The pages of the declared origin may not read the answer of the login.',
      fix: 'Answer with exactly one Access-Control-Allow-Origin, that origin, from the application or from the proxy, not from both.',
    },
    'auth.login.cors-any': {
      meaning: 'Pages of an origin that nobody declared may read the answer of the login.',
      fix: 'Compare the origin with a list; do not send it back.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.login?.origin !== undefined),
  unless: undeclared('login.origin'),
  needs: (subject, target) => ({ login: mainLogin(flowOf(subject), target), seen: authFailures(flowOf(subject), target) }),
  judge: ({ login, seen }, { subject }) => {
    const origin = flowOf(subject).flow.login?.origin ?? ''
    const blind = noLogin(login) ?? unanswered([seen.elsewhere])
    if (blind !== undefined) return blind
    const { allowOrigin } = login.answer
    const own = evidence(login.answer, `Access-Control-Allow-Origin: ${origin}`, allowOrigin.join(' | ') || 'none')
    const findings: Finding[] = [
      allowOrigin.length === 1 && allowOrigin[0] === origin
        ? { grade: 'pass', evidence: own }
        : { grade: 'fail', code: 'auth.login.cors-missing', evidence: own },
    ]
    if (seen.elsewhere !== undefined) {
      const said = seen.elsewhere.allowOrigin
      const item = evidence(seen.elsewhere, 'no Access-Control-Allow-Origin for it', said.join(' | ') || 'none')
      findings.push(
        said.includes('*') || said.includes('https://other.example.net')
          ? { grade: 'fail', code: 'auth.login.cors-any', evidence: item }
          : { grade: 'pass', evidence: item },
      )
    }
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return flow.login === undefined ? '' : curl(target, flow, flow.login, { headers: [['Origin', 'https://other.example.net']] })
  },
})

import { defineCheck } from '../../helpers/check.ts'
import { type Finding, fail, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { authStart } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/oauth-state-nonce',
  title: 'The application binds each login to its browser',
  failureTitle: 'The application takes any login that comes back',
  why: 'Without state or PKCE somebody else’s login can be put into a browser; without nonce an ID token can be used again.',
  source: 'RFC 9700 §4.7; OpenID Connect Core 1.0 §3.1.2.1',
  severity: 'medium',
  codes: {
    'auth.oauth.start': { meaning: 'The beginning of the login is no redirect to a provider.', fix: 'Look at client.start, or at the application.' },
    'auth.oauth.unbound': {
      meaning: 'There is neither a state nor a code_challenge, or it is the same for every visitor.',
      fix: 'Make them anew for every login, and check state when it comes back.',
    },
    'auth.oauth.nonce': {
      meaning: 'There is no nonce, or always the same.',
      fix: 'Send a new nonce with every request for an ID token, and check it in the token.',
    },
    'auth.oauth.implicit': { meaning: 'The application asks for tokens in the URL (response_type token).', fix: 'Use the code flow with PKCE.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.client?.start !== undefined),
  unless: undeclared('client.start'),
  needs: (subject, target) => ({ seen: authStart(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered(seen.visits.map(({ answer }) => answer))
    if (blind !== undefined) return blind
    const [one, two] = seen.visits
    if (one === undefined || two === undefined) return inconclusive('unobserved', 'the login was not begun twice')
    const leads = ({ answer }: typeof one): boolean => answer.status >= 300 && answer.status < 400
    // RFC 9126 §4: what the application asks for went to the provider beforehand.
    if (seen.visits.every((visit) => leads(visit) && visit.parameters.request_uri !== undefined && visit.parameters.response_type === undefined))
      return skip(
        'not-applicable',
        'the request is pushed to the provider, where nobody from outside sees its parameters',
        evidence(one.answer, 'a redirect with response_type', 'request_uri'),
      )
    const astray = seen.visits.find((visit) => !leads(visit) || visit.parameters.response_type === undefined)
    if (astray !== undefined || one.parameters.response_type === undefined)
      return fail('auth.oauth.start', evidence((astray ?? one).answer, 'a redirect with response_type'))
    const fresh = (name: 'state' | 'nonce' | 'code_challenge'): string =>
      one.parameters[name] === undefined ? 'none' : one.parameters[name] === two.parameters[name] ? 'the same twice' : 'new each time'
    const bound = [fresh('state'), fresh('code_challenge')]
    const item = (expected: string, received: string) => evidence(one.answer, expected, received)
    const findings: Finding[] = [
      bound.includes('new each time') && !bound.includes('the same twice')
        ? { grade: 'pass', evidence: item('a new state or code_challenge each time', `state ${bound[0] ?? ''}, code_challenge ${bound[1] ?? ''}`) }
        : {
            grade: 'fail',
            code: 'auth.oauth.unbound',
            evidence: item('a new state or code_challenge each time', `state ${bound[0] ?? ''}, code_challenge ${bound[1] ?? ''}`),
          },
    ]
    const nonce = fresh('nonce')
    // Without an ID token there is nothing that a nonce could stand in (OAuth 2.0 alone has none).
    const identity = one.parameters.scope?.split(/[ +]/).includes('openid') ?? true
    if (nonce !== 'new each time' && (identity || nonce === 'the same twice'))
      findings.push({
        grade: one.parameters.response_type.includes('id_token') || nonce === 'the same twice' ? 'fail' : 'warn',
        code: 'auth.oauth.nonce',
        evidence: item('a new nonce each time', nonce),
      })
    const implicit = one.parameters.response_type.split(/[ +]/).includes('token')
    findings.push(
      implicit
        ? { grade: 'warn', code: 'auth.oauth.implicit', evidence: item('response_type code', one.parameters.response_type) }
        : { grade: 'pass', evidence: item('response_type code', one.parameters.response_type) },
    )
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, { url: flow.client?.start ?? '' })
  },
})

import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authAuthorize } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/oauth-pkce-code',
  title: 'The provider asks for PKCE',
  failureTitle: 'The provider goes on without PKCE',
  why: 'A code that is stolen on its way back is worth nothing to whoever does not know what it was bound to.',
  source: 'RFC 7636; RFC 9700 §2.1.1; OWASP ASVS 10.4.6',
  severity: 'high',
  codes: {
    'auth.oauth.no-pkce': { meaning: 'A request without code_challenge goes on to the login.', fix: 'Demand PKCE with S256 of every client.' },
    'auth.oauth.plain-pkce': { meaning: 'code_challenge_method plain is taken.', fix: 'Take S256 alone.' },
  },
  options: {},
  subjects: eachFlow((flow) => flow.client?.authorizeUrl !== undefined && flow.client.redirectUri !== undefined),
  unless: undeclared('client with authorizeUrl and redirectUri'),
  needs: (subject, target) => ({ seen: authAuthorize(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = unanswered([seen.good, seen.withoutChallenge, seen.plainChallenge])
    if (blind !== undefined) return blind
    if (seen.good.status >= 400 || /[?&#]error=/.test(seen.good.location ?? ''))
      return inconclusive('misused', 'the registered request with PKCE is refused, so the others show nothing', evidence(seen.good, 'the login'))
    // Confidential clients prove themselves by their secret as well (RFC 9700 §2.1.1).
    const confidential = flow.client?.secret !== undefined
    const findings: Finding[] = [
      seen.withoutChallengeGoesOn
        ? { grade: confidential ? 'warn' : 'fail', code: 'auth.oauth.no-pkce', evidence: evidence(seen.withoutChallenge, 'an error') }
        : { grade: 'pass', evidence: evidence(seen.withoutChallenge, 'an error') },
      seen.plainChallengeGoesOn
        ? { grade: confidential ? 'warn' : 'fail', code: 'auth.oauth.plain-pkce', evidence: evidence(seen.plainChallenge, 'an error'), severity: 'medium' }
        : { grade: 'pass', evidence: evidence(seen.plainChallenge, 'an error') },
    ]
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, {
      url: `${flow.client?.authorizeUrl ?? ''}?response_type=code&client_id={CLIENT_ID}&redirect_uri=${encodeURIComponent(flow.client?.redirectUri ?? '')}`,
    })
  },
})

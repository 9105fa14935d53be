import { defineCheck } from '../../helpers/check.ts'
import { authCode } from '../../helpers/probes/auth.ts'
import { type Finding, illustrated, inconclusive, worst } from '../../helpers/verdict.ts'
import { curl, eachFlow, evidence, flowOf, grants, states, step, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/oauth-code',
  title: 'A code is worth one token, to whoever asked for it',
  failureTitle: 'A code is worth more than one token, or to others',
  why: 'Codes travel through browsers, logs and histories: one that works twice, or without what it was bound to, works for whoever finds it.',
  source: 'RFC 6749 §4.1.2 and §4.1.3; RFC 7636 §4.6; RFC 9700 §2.1.1; OWASP ASVS 10.4.2',
  severity: 'high',
  codes: {
    'auth.oauth.code-reusable': { meaning: 'A code that was redeemed is redeemed again.', fix: 'Delete a code when it is redeemed, in the same transaction.' },
    'auth.oauth.code-reuse-unnoticed': {
      meaning: 'A code that is used twice is refused, but the token of its first use stays.',
      fix: 'Revoke what a code gave when it comes a second time: one of the two who had it stole it.',
    },
    'auth.oauth.verifier-unchecked': {
      meaning: 'A code is redeemed with a code_verifier that is not its own.',
      fix: 'Compare the hash of the verifier with the challenge.',
    },
    'auth.oauth.redirect-unchecked': {
      meaning: 'A code is redeemed for another redirect_uri than the one it was asked for.',
      fix: 'Keep the redirect_uri with the code and compare it as a string.',
    },
    'auth.oauth.code-refused': { meaning: 'A right code is not redeemed.', fix: 'Look at the answer: client, redirect URI, verifier, clock.' },
  },
  options: {},
  subjects: eachFlow(
    ({ client, accounts }) => client?.login !== undefined && client.authorizeUrl !== undefined && client.redirectUri !== undefined && accounts !== undefined,
  ),
  unless: undeclared('sign-in at the provider (client.login with authorizeUrl, redirectUri and accounts)'),
  needs: (subject, target) => ({ seen: authCode(flowOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.login, seen.authorized, seen.redeemed, seen.again, seen.openedAfter, ...seen.wrong.map(({ answer }) => answer)])
    if (blind !== undefined) return blind
    if (!seen.given || seen.redeemed === undefined)
      return inconclusive('misused', 'the declared sign-in at the provider leads to no code', [
        evidence(seen.login, 'a session of the provider'),
        evidence(seen.authorized, 'a redirect with a code to the registered place'),
      ])
    if (!seen.redeemedWorks || seen.again === undefined)
      return worst([{ grade: 'fail', code: 'auth.oauth.code-refused', evidence: evidence(seen.redeemed, '200 and a token') }])
    const token = { grade: 'pass', evidence: evidence(seen.redeemed, '200 and a token') } satisfies Finding
    const again: Finding = seen.againWorks
      ? { grade: 'fail', code: 'auth.oauth.code-reusable', evidence: evidence(seen.again, '400 invalid_grant') }
      : { grade: 'pass', evidence: evidence(seen.again, '400 invalid_grant') }
    const findings: Finding[] = [token, again]
    // Only a token that opened something before can be seen to be revoked.
    const { opened, openedAfter, without } = seen
    const alive =
      opened !== undefined && openedAfter !== undefined && without !== undefined && grants(opened, opened, without)
        ? grants(openedAfter, opened, without)
        : undefined
    if (!seen.againWorks && alive !== undefined && openedAfter !== undefined)
      findings.push(
        alive
          ? { grade: 'warn', code: 'auth.oauth.code-reuse-unnoticed', evidence: evidence(openedAfter, '401: the token is revoked'), severity: 'medium' }
          : { grade: 'pass', evidence: evidence(openedAfter, '401: the token is revoked') },
      )
    if (seen.wrong.length < 2)
      return inconclusive('unobserved', 'the provider gave no further codes to try with what is not theirs', evidence(seen.authorized, 'a code'))
    for (const { kind, answer, works } of seen.wrong)
      findings.push(
        works
          ? {
              grade: 'fail',
              code: kind === 'verifier' ? 'auth.oauth.verifier-unchecked' : 'auth.oauth.redirect-unchecked',
              evidence: evidence(answer, '400 invalid_grant'),
            }
          : { grade: 'pass', evidence: evidence(answer, '400 invalid_grant') },
      )
    const names = ['redeemed', 'used again', ...(findings.length > 4 ? ['token afterwards'] : []), 'other verifier', 'other place']
    return illustrated(
      worst(findings),
      states(
        'A code',
        findings.map((finding, index) => step(index === 0 ? 'code' : 'redeemed', names[index] ?? '', finding)),
      ),
    )
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, {
      url: flow.client?.tokenUrl ?? '',
      method: 'POST',
      form: { grant_type: 'authorization_code', code: '{CODE}', redirect_uri: flow.client?.redirectUri ?? '', code_verifier: '{VERIFIER}' },
    })
  },
})

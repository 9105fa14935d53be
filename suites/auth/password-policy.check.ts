import { defineCheck } from '../../helpers/check.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { authPolicy } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, isOneOf, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/password-policy',
  title: 'Every end point that sets a password keeps the rules',
  failureTitle: 'An end point does not keep the rules for passwords',
  why: 'The rule in the form of the sign-up helps nobody when the reset beside it takes anything.',
  source: 'OWASP ASVS 6.2.1; NIST SP 800-63B §3.1.1',
  severity: 'medium',
  codes: {
    'auth.policy.weak-accepted': {
      meaning: 'A password that breaks a declared rule is accepted.',
      fix: 'Check the rule where passwords are stored, not where they are typed.',
    },
    'auth.policy.good-refused': {
      meaning: 'A password that keeps every declared rule is refused.',
      fix: 'Compare the rules of the application with the declared ones.',
    },
    'auth.policy.error': {
      meaning: 'A password ends in a server error, or is refused with a status that says something else.',
      fix: 'Refuse with 400 or 422 and say which rule is broken.',
    },
    'auth.policy.left-behind': {
      meaning: 'A throw-away account could not be removed.',
      fix: 'Remove it by hand (its name begins with postproof-), and look at auth.remove.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => flow.passwordPolicy !== undefined),
  unless: undeclared('passwordPolicy'),
  needs: (subject, target) => ({ seen: authPolicy(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const findings: Finding[] = []
    for (const { url, samples, throwAway } of seen.endpoints) {
      const blind = unanswered(samples.map(({ answer }) => answer))
      if (blind !== undefined && findings.every(({ grade }) => grade === 'pass')) return blind
      for (const { breaks, answer, length } of samples) {
        const item = {
          ...evidence(answer, breaks === undefined ? 'accepted' : 'refused'),
          what: `${breaks ?? 'a password that keeps every rule'} (${length} characters)`,
        }
        const refused = isOneOf(flow.passwordPolicy?.refused, answer, [400, 422])
        if (breaks === undefined)
          findings.push(
            succeeded(answer)
              ? { grade: 'pass', evidence: item }
              : { grade: 'fail', code: answer.status >= 500 ? 'auth.policy.error' : 'auth.policy.good-refused', evidence: item },
          )
        else if (succeeded(answer)) findings.push({ grade: 'fail', code: 'auth.policy.weak-accepted', evidence: item })
        else findings.push(refused ? { grade: 'pass', evidence: item } : { grade: 'fail', code: 'auth.policy.error', evidence: item })
      }
      if (!throwAway && findings.every(({ grade }) => grade === 'pass'))
        return inconclusive(
          'misused',
          `${url} can only be shown to refuse: nothing says that it accepts a good password (use {random} or {username} where it makes a thing of its own)`,
          findings.map((one) => one.evidence),
        )
    }
    if (seen.notRemoved > 0)
      findings.push({
        grade: 'warn',
        code: 'auth.policy.left-behind',
        evidence: { what: 'throw-away accounts', expected: 'removed', received: `${seen.notRemoved} still there` },
      })
    return findings.length === 0 ? inconclusive('unobserved', 'no password was tried') : worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.passwordPolicy?.endpoints[0] ?? { url: '' })
  },
  covers: ['A49', 'D30', 'E2'],
})

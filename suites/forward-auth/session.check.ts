import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { fail, type Finding, illustrated, worst } from '../../helpers/verdict.ts'
import { curlSignIn, eachGateway, evidence, guardedOf, moved, sameBody, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/session',
  title: 'One login opens the host and brings the visitor back',
  failureTitle: 'The login does not do what it is for',
  why: 'A gateway that keeps everybody out passes every other check.',
  source: 'authentik: forward auth; OWASP ASVS 7.2',
  severity: 'high',
  codes: {
    'forward-auth.session.refused': {
      meaning: 'The declared account cannot sign in, or gets no cookie.',
      fix: 'Look at the account, and at signIn of the target.',
    },
    'forward-auth.session.closed': {
      meaning: 'With the login a host still keeps its visitor out: the cookie does not reach it, or the account may not.',
      fix: 'Set the cookie for the common domain; look at the group of the account.',
    },
    'forward-auth.session.back': {
      meaning: 'After signing in the visitor does not come back to the page that was asked for.',
      fix: 'Keep the address over the login, query included.',
    },
    'forward-auth.session.identity': {
      meaning: 'The application is not told who it is: a header is missing, empty, a placeholder, or names somebody else.',
      fix: 'Copy the headers of the provider: copy_headers, auth_request_set and proxy_set_header; mind their spelling.',
    },
    'forward-auth.session.cached': {
      meaning: 'What the login saw is answered without one afterwards: a cache stands between.',
      fix: 'Send Cache-Control: private, no-store; let no cache keep answers to requests with a cookie.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined),
  unless: undeclared('signIn'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.signIn, ...(seen.signedIn ? seen.opened.map(({ answer }) => answer) : [])])
    if (blind !== undefined) return blind
    if (!seen.signedIn) return fail('forward-auth.session.refused', evidence(seen.signIn, 'a session'))
    const findings: Finding[] = [{ grade: 'pass', evidence: evidence(seen.signIn, 'a session', String(seen.signIn.status)) }]
    const transitions = [moved('not signed in', 'signed in', 'signing in', findings[0] as Finding)]
    for (const { host, answer, identity } of seen.opened) {
      const without = seen.anonymous.find((one) => one.host === host)?.answer
      const open = succeeded(answer) && (without === undefined || !sameBody(answer, without))
      const opens: Finding =
        open || (succeeded(answer) && without !== undefined && succeeded(without))
          ? { grade: 'pass', evidence: evidence(answer, '2xx', String(answer.status)) }
          : { grade: 'fail', code: 'forward-auth.session.closed', evidence: evidence(answer, '2xx') }
      findings.push(opens)
      transitions.push(moved('signed in', host.split('.', 1)[0] ?? host, 'opened', opens))
      for (const one of identity ?? []) {
        const right = one.value !== 'none' && !one.placeholder
        const item = {
          what: `${one.name} at ${host}`,
          expected: 'a value of the provider',
          received: one.placeholder ? 'a placeholder that nobody filled in' : one.value,
          where: `https://${host}`,
        }
        if (open) findings.push(right ? { grade: 'pass', evidence: item } : { grade: 'fail', code: 'forward-auth.session.identity', evidence: item })
      }
      if (open && identity !== undefined && identity.length > 0 && !identity.some(({ value }) => value === 'the account'))
        findings.push({
          grade: 'fail',
          code: 'forward-auth.session.identity',
          evidence: {
            what: `identity at ${host}`,
            expected: 'the account in one of the headers',
            received: identity.map(({ name, value }) => `${name}: ${value}`).join(', '),
          },
        })
    }
    const item = { what: 'where the login sends the browser', expected: seen.wanted, received: seen.back ?? 'nowhere' }
    if (seen.back !== undefined) {
      const back: Finding =
        seen.back === seen.wanted ? { grade: 'pass', evidence: item } : { grade: 'fail', code: 'forward-auth.session.back', evidence: item, severity: 'medium' }
      findings.push(back)
      transitions.push(moved('signed in', 'the page asked for', 'sent back', back))
    }
    if (seen.afterwards !== undefined && seen.afterwards.failure === undefined) {
      const saw = seen.opened[0]?.answer
      findings.push(
        saw !== undefined &&
          succeeded(seen.afterwards) &&
          sameBody(seen.afterwards, saw) &&
          !seen.anonymous.slice(0, 1).some((one) => sameBody(one.answer, saw))
          ? { grade: 'fail', code: 'forward-auth.session.cached', evidence: evidence(seen.afterwards, 'kept out'), severity: 'critical' }
          : { grade: 'pass', evidence: evidence(seen.afterwards, 'kept out') },
      )
    }
    return illustrated(worst(findings), { kind: 'states', title: 'One login', transitions })
  },
  reproduce: curlSignIn,
  covers: ['B20', 'B22'],
})

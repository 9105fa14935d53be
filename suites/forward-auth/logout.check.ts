import { defineCheck } from '../../helpers/check.ts'
import { gatewaySession } from '../../helpers/probes/forward-auth.ts'
import { type Finding, illustrated, inconclusive } from '../../helpers/verdict.ts'
import { concluded, curlSignIn, eachGateway, evidence, guardedOf, moved, sameBody, succeeded, unanswered, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/logout',
  title: 'Signing out ends the login on every host',
  failureTitle: 'A login goes on after signing out',
  why: 'Whoever signs out on a shared machine believes that all of it is over.',
  source: 'OWASP ASVS 7.4',
  severity: 'medium',
  codes: {
    'forward-auth.logout.alive': {
      meaning: 'A host opens with the old cookie after signing out.',
      fix: 'End the session at the provider, and let the proxy ask it every time.',
    },
    'forward-auth.logout.failed': { meaning: 'Signing out fails.', fix: 'Look at the error behind it, and at signOut of the target.' },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.signIn !== undefined && gateway.signOut !== undefined),
  unless: undeclared('signOut'),
  needs: (subject, target) => ({ seen: gatewaySession(guardedOf(subject), target) }),
  judge: ({ seen }) => {
    const blind = unanswered([seen.signIn, seen.signOut])
    if (blind !== undefined) return blind
    if (!seen.signedIn || seen.signOut === undefined)
      return inconclusive('unobserved', 'nobody could sign in: forward-auth/session says how', evidence(seen.signIn, 'a session'))
    const unseen = unanswered(seen.after.map(({ answer }) => answer))
    if (unseen !== undefined) return unseen
    const findings: Finding[] =
      seen.signOut.status >= 400 ? [{ grade: 'fail', code: 'forward-auth.logout.failed', evidence: evidence(seen.signOut, 'signed out') }] : []
    for (const { host, answer } of seen.after) {
      const before = seen.opened.find((one) => one.host === host)?.answer
      const alive = succeeded(answer) && before !== undefined && sameBody(answer, before)
      findings.push(
        alive
          ? { grade: 'fail', code: 'forward-auth.logout.alive', evidence: evidence(answer, 'kept out') }
          : { grade: 'pass', evidence: evidence(answer, 'kept out') },
      )
    }
    const steps = findings.map((finding) =>
      moved('signed in', finding.grade === 'fail' ? 'signed in' : 'signed out', finding.evidence.what.split(',', 1)[0] ?? '', finding),
    )
    return illustrated(concluded(findings), { kind: 'states', title: 'Signing out', transitions: steps })
  },
  reproduce: curlSignIn,
  covers: ['B23'],
})

import { defineCheck } from '../../helpers/check.ts'
import { inconclusive, type Finding, worst } from '../../helpers/verdict.ts'
import { authPasswordChange } from '../../helpers/probes/auth.ts'
import { curl, eachFlow, evidence, flowOf, hasLogin, hasReadable, stillOpens, succeeded, unanswered, unclear, undeclared } from './shared.ts'

export default defineCheck({
  id: 'auth/session-password-change',
  title: 'A new password ends the other sessions',
  failureTitle: 'Other sessions survive a new password',
  why: 'People change their password because somebody else is in; that somebody must be out then.',
  source: 'OWASP ASVS 7.4.3',
  severity: 'medium',
  codes: {
    'auth.change.session-alive': {
      meaning: 'Another session of the account goes on after its password was changed.',
      fix: 'End all other sessions and refresh tokens when the password changes, or offer it.',
    },
    'auth.change.old-password': { meaning: 'The old password still logs in, or the new one does not.', fix: 'Look at caches of credentials and at replicas.' },
    'auth.change.refused': {
      meaning: 'The password cannot be changed, or a throw-away account cannot be made.',
      fix: 'Look at the answer, and at register and changePassword of the target.',
    },
    'auth.change.left-behind': {
      meaning: 'The throw-away account could not be removed.',
      fix: 'Remove the account by hand (its name begins with postproof-), and look at auth.remove.',
    },
  },
  options: {},
  subjects: eachFlow((flow) => hasLogin(flow) && flow.register !== undefined && flow.changePassword !== undefined && hasReadable(flow)),
  unless: undeclared('register and changePassword'),
  needs: (subject, target) => ({ seen: authPasswordChange(flowOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    const { flow } = flowOf(subject)
    const blind = unanswered([seen.registered, seen.changed, seen.before, seen.after])
    if (blind !== undefined) return blind
    if (succeeded(seen.registered) && seen.changed === undefined)
      return inconclusive('unobserved', 'the throw-away account cannot log in: auth/login-ok says how', evidence(seen.registered, 'an account that can log in'))
    if (seen.changed === undefined || !succeeded(seen.changed))
      return worst([{ grade: 'fail', code: 'auth.change.refused', evidence: evidence(seen.changed ?? seen.registered, 'accepted') }])
    if (seen.before === undefined || seen.after === undefined || !succeeded(seen.before))
      return inconclusive('unobserved', 'the other session did not open the protected route to begin with', evidence(seen.registered, 'an account'))
    const findings: Finding[] = []
    const alive = stillOpens(seen.after, seen.before, seen.stranger)
    if (alive === undefined) return unclear(seen.after)
    findings.push(
      alive && flow.login?.cookie !== undefined
        ? { grade: 'fail', code: 'auth.change.session-alive', evidence: evidence(seen.after, 'refused') }
        : { grade: 'pass', evidence: evidence(seen.after, flow.login?.cookie === undefined ? 'refused, or a token that ends soon' : 'refused') },
    )
    if (seen.refreshed !== undefined)
      findings.push(
        seen.refreshedWorks
          ? { grade: 'fail', code: 'auth.change.session-alive', evidence: evidence(seen.refreshed, 'refused') }
          : { grade: 'pass', evidence: evidence(seen.refreshed, 'refused') },
      )
    // Four logins of one account in a row are what a limiter is there for: its answer says nothing of passwords.
    const unheard = unanswered([seen.refreshed, ...(seen.logins ?? [])])
    if (unheard !== undefined && findings.every(({ grade }) => grade === 'pass')) return unheard
    const word = {
      what: 'passwords after the change',
      expected: 'the new one logs in, the old one does not',
      received: `new ${seen.newWorks ? 'logs in' : 'does not'}, old ${seen.oldWorks ? 'logs in' : 'does not'}`,
    }
    if (unheard === undefined)
      findings.push(
        seen.newWorks && !seen.oldWorks
          ? { grade: 'pass', evidence: word }
          : { grade: 'fail', code: 'auth.change.old-password', evidence: word, severity: 'high' },
      )
    if (flow.remove !== undefined && !seen.removed)
      findings.push({
        grade: 'warn',
        code: 'auth.change.left-behind',
        evidence: { what: 'the throw-away account', expected: 'removed', received: 'still there' },
      })
    return worst(findings)
  },
  reproduce: (subject, target) => {
    const { flow } = flowOf(subject)
    return curl(target, flow, flow.changePassword ?? { url: '' }, { bearer: true })
  },
})

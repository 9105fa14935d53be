import { defineCheck } from '../../helpers/check.ts'
import { sessionChannel } from '../../helpers/probes/live.ts'
import { type Finding, illustrated, inconclusive, worst } from '../../helpers/verdict.ts'
import { channels, handshake } from './shared.ts'
import { CLOSES_WITHIN_MS } from './limits-of-time.ts'
import { asked, lives, told, turnedAway, unclear } from './used.ts'

export default defineCheck({
  id: 'websocket/session-end',
  title: 'The channel ends with its session',
  failureTitle: 'The channel outlives its session',
  why: 'Whoever signs out on a shared machine, or is locked out by an administrator, goes on reading through a channel that stays open.',
  source: 'OWASP ASVS 7.4.1',
  severity: 'medium',
  codes: {
    'websocket.session.outlived': {
      meaning: 'The channel was still open after the session had ended.',
      fix: 'Close the channels of a session when it ends (4401), or check it again every few seconds.',
    },
    'websocket.session.reopened': {
      meaning: 'A session that has ended still opens channels.',
      fix: 'Verify the session on the server at the upgrade; end it there, not only in the cookie.',
    },
  },
  options: { closesWithinMs: CLOSES_WITHIN_MS },
  subjects: channels('websocket', ({ session, logout, sessionSeconds }) => session !== undefined && (logout !== undefined || sessionSeconds !== undefined)),
  unless: { skip: 'not-declared', reason: 'no channel declares how its session ends (live.logout or live.sessionSeconds)' },
  needs: (subject, target, options) => ({ look: sessionChannel(asked(subject, target), options.closesWithinMs) }),
  judge: ({ look }, { options }) => {
    const { beyond, again, signedIn } = look
    if (beyond === undefined) return inconclusive('unobserved', 'there was no open channel whose session could have ended', told(signedIn, '101'))
    const { channel, how, logoutStatus } = beyond
    if (logoutStatus !== undefined && logoutStatus >= 400)
      return inconclusive('unobserved', `the sign-out was answered with ${logoutStatus}`, told(channel, 'ended'))
    const ended = channel.closeCode !== undefined
    const evidence = {
      ...told(channel, `ended within ${options.closesWithinMs / 1000} s`),
      what: how === 'logout' ? 'the channel after signing out' : 'the channel after the time of its session',
    }
    const findings: Finding[] = [{ grade: ended ? 'pass' : 'fail', code: 'websocket.session.outlived', evidence }]
    const reopened = again?.status === 101 && !turnedAway(again)
    if (again !== undefined && again.failure === undefined)
      findings.push({
        grade: reopened ? 'fail' : 'pass',
        code: 'websocket.session.reopened',
        evidence: told(again, 'refused'),
      })
    // A gateway without its service refuses everybody.
    if (again !== undefined && unclear(again) && ended)
      return inconclusive('unobserved', 'whether the ended session opens the channel again was not answered', [evidence, told(again, 'refused')])
    return illustrated(
      worst(findings),
      lives('the channel and its session', [
        [channel, ended ? 'pass' : 'fail'],
        ...(again === undefined ? [] : [[again, reopened ? 'fail' : 'pass'] as const]),
      ]),
    )
  },
  reproduce: handshake(),
})

import { defineCheck } from '../../helpers/check.ts'
import { sessionChannel } from '../../helpers/probes/live.ts'
import { type Finding, illustrated, inconclusive, worst } from '../../helpers/verdict.ts'
import { channelOf, channels, handshake } from './shared.ts'
import { CLOSES_WITHIN_MS } from './limits-of-time.ts'
import { asked, lives, told } from './used.ts'

export default defineCheck({
  id: 'websocket/signed-in',
  title: 'With a session the channel works',
  failureTitle: 'With a session the channel does not work',
  why: 'A guarded channel that refuses strangers looks right from outside, also when it refuses everybody.',
  source: 'RFC 6455 §4.2.2, §5.5.2; live.session of the target',
  severity: 'high',
  codes: {
    'websocket.session.refused': {
      meaning: 'The upgrade with a valid session was refused.',
      fix: 'Let the proxy pass cookies and Authorization on to the service; compare with what the page itself sends.',
    },
    'websocket.session.ended': {
      meaning: 'The channel opened with a session and was ended at once.',
      fix: 'Look into the log of the service: the session is checked a second time behind the upgrade.',
    },
    'websocket.session.silent': {
      meaning: 'The channel opened, but what was declared did not come.',
      fix: 'Look whether frames flow through the proxy (proxy_buffering off), and whether live.expect is still right.',
    },
  },
  options: { closesWithinMs: CLOSES_WITHIN_MS },
  subjects: channels('websocket', ({ session }) => session !== undefined),
  unless: { skip: 'not-declared', reason: 'no channel declares how to sign in (live.session)' },
  needs: (subject, target, options) => ({ look: sessionChannel(asked(subject, target), options.closesWithinMs) }),
  judge: ({ look }, { subject }) => {
    const { signedIn } = look
    const evidence = told(signedIn, '101, answers')
    if (signedIn.status === 429 || signedIn.status === 503) return inconclusive('unobserved', 'a limiter or an overloaded gateway answered', evidence)
    if (signedIn.failure !== undefined) return inconclusive('unobserved', `${signedIn.failure.message} (${signedIn.failure.code})`, evidence)
    if (signedIn.status !== 101) return worst([{ grade: 'fail', code: 'websocket.session.refused', evidence }])
    const { expect } = channelOf(subject)
    const findings: Finding[] = [{ grade: signedIn.pong === true ? 'pass' : 'fail', code: 'websocket.session.ended', evidence }]
    if (expect !== undefined)
      findings.push({
        grade: signedIn.messages.some((one) => one.includes(expect)) ? 'pass' : 'fail',
        code: 'websocket.session.silent',
        evidence: { ...evidence, what: 'message', expected: `containing ${JSON.stringify(expect)}`, received: `${signedIn.messageCount} messages` },
      })
    return illustrated(worst(findings), lives('the channel with a session', [[signedIn, findings.every(({ grade }) => grade === 'pass') ? 'pass' : 'fail']]))
  },
  reproduce: handshake(),
  covers: ['B30', 'A91'],
})

import { defineCheck } from '../../helpers/check.ts'
import { sessionChannel } from '../../helpers/probes/live.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { channels, handshake } from './shared.ts'
import { CLOSES_WITHIN_MS } from './limits-of-time.ts'
import { asked, told, turnedAway, unclear } from './used.ts'

export default defineCheck({
  id: 'websocket/garbled-session',
  title: 'Garbled and expired credentials are refused',
  failureTitle: 'Garbled or expired credentials are accepted',
  why: 'A channel that looks whether there is a token, and not which, is open to everybody who sends any.',
  source: 'OWASP ASVS 4.4.3; RFC 6455 §10.5',
  severity: 'high',
  codes: {
    'websocket.garbled.accepted': {
      meaning: 'The channel was opened with credentials that nobody gave out.',
      fix: 'Verify the token or session before the upgrade, not only its presence.',
    },
    'websocket.expired.accepted': {
      meaning: 'The channel was opened with a token that has expired.',
      fix: 'Verify `exp` at the upgrade as at every other request.',
    },
  },
  options: { closesWithinMs: CLOSES_WITHIN_MS },
  subjects: channels('websocket', ({ session }) => session !== undefined),
  unless: { skip: 'not-declared', reason: 'no channel declares how to sign in (live.session)' },
  needs: (subject, target, options) => ({ look: sessionChannel(asked(subject, target), options.closesWithinMs) }),
  judge: ({ look }) => {
    const tried = [
      { one: look.garbled, code: 'websocket.garbled.accepted' as const },
      ...(look.expired === undefined ? [] : [{ one: look.expired, code: 'websocket.expired.accepted' as const }]),
    ]
    const expected = '401 or 403, or Close 1008 or 4401 before any message'
    const open = tried.filter(({ one }) => one.status === 101 && !turnedAway(one))
    if (open.length === 0 && tried.some(({ one }) => unclear(one) || !turnedAway(one)))
      return inconclusive(
        'unobserved',
        'the refusal is none for want of credentials',
        tried.map(({ one }) => told(one, expected)),
      )
    // Who lets nobody in proves nothing by refusing somebody.
    if (open.length === 0 && look.signedIn.status !== 101)
      return inconclusive('unobserved', 'not even a valid session is let in', [told(look.signedIn, '101'), ...tried.map(({ one }) => told(one, expected))])
    return worst(tried.map(({ one, code }): Finding => ({ grade: turnedAway(one) ? 'pass' : 'fail', code, evidence: told(one, expected) })))
  },
  reproduce: handshake(),
  covers: ['A91'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { foreignOrigin, isCookieSession, sessionChannel } from '../../helpers/probes/live.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { CLOSES_WITHIN_MS } from './limits-of-time.ts'
import { channels, handshake } from './shared.ts'
import { asked, told, turnedAway, unclear } from './used.ts'

export default defineCheck({
  id: 'websocket/signed-in-origin',
  title: 'A session does not open the channel to other origins',
  failureTitle: 'With a session a foreign origin may connect',
  why: 'A channel that looks at the session first refuses strangers of every origin alike; whether a page elsewhere may use the session of its visitor shows only with one.',
  source: 'OWASP ASVS 4.4.2, WSTG-CLNT-10; RFC 6455 §10.2',
  severity: 'high',
  codes: {
    'websocket.session.foreign-origin': {
      meaning: 'A foreign origin got the channel with the cookie of a session.',
      fix: 'Compare Origin with a list, exactly, before the upgrade; answer 403. SameSite alone leaves pages of sibling names.',
    },
  },
  options: { closesWithinMs: CLOSES_WITHIN_MS },
  subjects: channels('websocket', isCookieSession),
  unless: { skip: 'not-declared', reason: 'no channel with a cookie session declares how to sign in (live.session)' },
  needs: (subject, target, options) => ({ look: sessionChannel(asked(subject, target), options.closesWithinMs) }),
  judge: ({ look: { signedIn, foreign } }) => {
    const own = told(signedIn, '101')
    if (signedIn.status !== 101) return inconclusive('unobserved', 'not even with an origin of the deployment is the session let in', own)
    if (foreign === undefined) return inconclusive('unobserved', 'the channel with the session was over at once; see websocket/signed-in', own)
    const evidence = told(foreign, '403, or Close 1008 before any message')
    if (turnedAway(foreign)) return pass([evidence, own])
    if (unclear(foreign) || foreign.status !== 101) return inconclusive('unobserved', 'the refusal is none for the origin', [evidence, own])
    return fail('websocket.session.foreign-origin', [evidence, { ...own, holds: true }])
  },
  reproduce: handshake((subject) => ({ origin: foreignOrigin(hostOf(subject).fqdn) })),
  covers: ['A91'],
})

import { defineCheck } from '../../helpers/check.ts'
import { type Finding, type Verdict, worst } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, denied, guarded, handshake, ordinary } from './shared.ts'

const TOKEN = /[?&](?:access_token|id_token|token|jwt|auth|key|api_?key|session|sid)=/i

export default defineCheck({
  id: 'websocket/auth-required',
  title: 'Without credentials the channel stays closed',
  failureTitle: 'The channel opens without credentials',
  why: 'Pages are often guarded while the socket beside them is forgotten; whoever opens it reads and writes like a user.',
  source: 'OWASP ASVS 4.4.3, 4.4.4; RFC 6455 §7.4.1',
  severity: 'high',
  codes: {
    'websocket.auth.data': {
      meaning: 'The channel sent messages to a client without credentials.',
      fix: 'Check the session before the upgrade; nginx: auth_request in the location of the channel too.',
    },
    'websocket.auth.open': {
      meaning: 'The channel accepted a client without credentials and kept it.',
      fix: 'Check the session before the upgrade, or close with 1008 or 4401 within seconds.',
    },
    'websocket.auth.redirected': {
      meaning: 'The upgrade is answered with a redirect, which no WebSocket client follows.',
      fix: 'Answer 401 to requests that carry Upgrade: websocket.',
    },
    'websocket.auth.unclear': {
      meaning: 'Refused, but with a status that a proxy which drops Upgrade gives as well.',
      fix: 'Answer 401 or 403 without credentials, so that a broken route shows.',
    },
    'websocket.auth.unreachable': {
      meaning: 'The upgrade did not reach the service: a page, a limiter or the gateway answered.',
      fix: 'nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; route the path to the service.',
    },
    'websocket.auth.token-in-url': {
      meaning: 'The declared path carries a token in its query, which ends in logs.',
      fix: 'Use a cookie, the first message, or a one-time ticket with a life of seconds.',
    },
  },
  options: {},
  subjects: channels('websocket', guarded),
  unless: { skip: 'not-declared', reason: 'no channel is declared to need credentials (live.auth)' },
  needs: (subject, target) => ({ seen: ordinary(subject, target) }),
  judge: ({ seen }, { subject }): Verdict => {
    const evidence = at(seen, 'upgrade without credentials', '401 or 403, or Close 1008 or 4401 before any message', answered(seen))
    const refused = denied(seen)
    const finding = ((): Finding => {
      if (refused) return { grade: 'pass', evidence }
      // Tokens may come in the first message: who is let in and told nothing has not been let in yet.
      if (seen.status === 101 && seen.messageCount === 0 && seen.closeCode === undefined && channelOf(subject).auth === 'token')
        return { grade: 'warn', code: 'websocket.auth.open', evidence }
      if (seen.status === 101)
        return seen.messageCount > 0 ? { grade: 'fail', code: 'websocket.auth.data', evidence } : { grade: 'fail', code: 'websocket.auth.open', evidence }
      if (seen.status >= 300 && seen.status < 400) return { grade: 'warn', code: 'websocket.auth.redirected', evidence }
      if (seen.status === 400 || seen.status === 404) return { grade: 'warn', code: 'websocket.auth.unclear', evidence }
      return { grade: 'fail', code: 'websocket.auth.unreachable', evidence }
    })()
    const inUrl = TOKEN.test(channelOf(subject).path)
    return worst(
      inUrl
        ? [
            finding,
            { grade: 'warn', code: 'websocket.auth.token-in-url', evidence: at(seen, 'declared path', 'no token in the query', 'a query with a token') },
          ]
        : [finding],
    )
  },
  reproduce: handshake(),
  covers: ['A91', 'B30'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { gatewayAnonymous } from '../../helpers/probes/forward-auth.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { curlHost, eachGuarded, guardedOf, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/websocket',
  title: 'WebSocket upgrades are behind the login too',
  failureTitle: 'A WebSocket upgrade passes the login',
  why: 'Applications like Streamlit send everything over the channel; the page in front of it is only its frame.',
  source: 'RFC 6455 §10.1',
  severity: 'medium',
  codes: {
    'forward-auth.websocket.open': { meaning: 'An upgrade without a login is accepted.', fix: 'Guard the path of the channel like all others.' },
    'forward-auth.websocket.redirect': { meaning: 'An upgrade without a login is redirected, which no browser follows.', fix: 'Answer 401.' },
  },
  options: {},
  subjects: eachGuarded(({ gateway, hosts }) => gateway.websocket !== undefined || hosts.some(({ live }) => live.some(({ mode }) => mode === 'websocket'))),
  unless: undeclared('WebSocket behind a login'),
  needs: (subject, target) => ({ seen: gatewayAnonymous(guardedOf(subject), hostOf(subject), target) }),
  judge: ({ seen }, { subject }) => {
    if (seen.websocket === undefined) return skip('not-declared', `${subject.name} has no declared WebSocket`)
    const { status, location } = seen.websocket
    const item = {
      what: 'an upgrade without a login',
      expected: '401 or 403',
      received: status === 0 ? 'nothing' : `${status}${location === undefined ? '' : ` to ${location}`}`,
      where: `wss://${subject.name}`,
    }
    if (status === 0) return inconclusive('unobserved', 'the upgrade was not answered', item)
    if (status === 101) return fail('forward-auth.websocket.open', item, 'high')
    if (status >= 300 && status < 400) return warn('forward-auth.websocket.redirect', item)
    return status >= 400 && status < 500
      ? pass(item)
      : inconclusive('unobserved', `an upgrade is answered ${status}: that is no channel, and no refusal either`, item)
  },
  reproduce: (subject, target) =>
    curlHost(
      subject,
      target,
      {
        headers: [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket'],
          ['Sec-WebSocket-Version', '13'],
          ['Sec-WebSocket-Key', 'AAAAAAAAAAAAAAAAAAAAAA=='],
        ],
        flags: ['-sS', '-i', '--http1.1', '--max-time', '5'],
      },
      guardedOf(subject).gateway.websocket ?? '/',
    ),
  covers: ['B27'],
})

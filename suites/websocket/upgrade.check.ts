import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValues, mediaType, titleOf } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { fail, type Finding, worst } from '../../helpers/verdict.ts'
import { answered, at, channelOf, channels, guarded, handshake, noChannel, ordinary } from './shared.ts'

const tokens = (values: readonly string[]): readonly string[] => values.flatMap((value) => value.split(',').map((one) => one.trim().toLowerCase()))

export default defineCheck({
  id: 'websocket/upgrade',
  title: 'The WebSocket upgrade works',
  failureTitle: 'The WebSocket upgrade does not work',
  why: 'A proxy that does not pass Upgrade and Connection on turns every live view into an endless spinner while all pages look healthy.',
  source: 'RFC 6455 §4.2.2, §4.1',
  severity: 'high',
  codes: {
    'websocket.upgrade.stripped': {
      meaning: 'The upgrade was answered as if it had been an ordinary request: the proxy takes the Upgrade header away.',
      fix: 'nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade.',
    },
    'websocket.upgrade.page': {
      meaning: 'A page (the fallback of a frontend) was served where the channel should be.',
      fix: 'Route the path of the channel to the service before the fallback of the frontend.',
    },
    'websocket.upgrade.other-kind': {
      meaning: 'An event stream answers where a WebSocket is declared.',
      fix: 'Declare live.mode: sse for this path, or the path of the WebSocket.',
    },
    'websocket.upgrade.gateway': { meaning: 'The gateway has no backend for the channel.', fix: 'Start the service; check address and port of the upstream.' },
    'websocket.upgrade.limited': {
      meaning: 'One upgrade alone was refused by a limiter.',
      fix: 'Give the channel a zone of its own; long-lived connections do not fit a limit made for pages.',
    },
    'websocket.upgrade.refused': { meaning: 'The upgrade was refused with another status than 101.', fix: 'Look at the log of the service for this request.' },
    'websocket.accept': {
      meaning: 'Sec-WebSocket-Accept is not what the key demands; browsers refuse the connection.',
      fix: 'Take away whatever answers the upgrade by itself or from a cache; let the service answer.',
    },
    'websocket.upgrade.headers': {
      meaning: 'The 101 lacks Upgrade: websocket or Connection: Upgrade; browsers refuse the connection.',
      fix: 'Let the proxy pass both response headers on unchanged.',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => !guarded(channel)),
  unless: noChannel,
  needs: (subject, target) => ({
    seen: ordinary(subject, target),
    plain: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: channelOf(subject).path })),
  }),
  judge: ({ seen, plain }) => {
    if (seen.status !== 101) {
      const evidence = at(seen, 'answer to the upgrade', '101 Switching Protocols', answered(seen))
      const html = titleOf({ headers: seen.headers, body: seen.body })
      const shown = html === undefined ? evidence : { ...evidence, received: `${evidence.received}, a page titled ${JSON.stringify(html)}` }
      if (seen.status === 429) return fail('websocket.upgrade.limited', shown)
      if (seen.status === 502 || seen.status === 503 || seen.status === 504) return fail('websocket.upgrade.gateway', shown)
      if (seen.status === 200 && /html/i.test(answered(seen))) return fail('websocket.upgrade.page', shown)
      if (mediaType(seen.headers) === 'text/event-stream') return fail('websocket.upgrade.other-kind', shown)
      const same = plain.ok && plain.value.status === seen.status
      if (seen.status === 426 || (same && [200, 400, 404].includes(seen.status)))
        return fail('websocket.upgrade.stripped', [
          shown,
          ...(plain.ok ? [{ ...evidence, what: 'the same path without Upgrade', expected: 'another answer', received: String(plain.value.status) }] : []),
        ])
      return fail('websocket.upgrade.refused', shown)
    }
    const upgrade = headerValues(seen.headers, 'upgrade')
    const connection = headerValues(seen.headers, 'connection')
    const findings: Finding[] = [
      {
        grade: seen.acceptValid ? 'pass' : 'fail',
        code: 'websocket.accept',
        evidence: at(seen, 'Sec-WebSocket-Accept', seen.expectedAccept, headerValues(seen.headers, 'sec-websocket-accept').join(' and ') || 'absent'),
      },
      {
        grade: upgrade.length === 1 && upgrade[0]?.trim().toLowerCase() === 'websocket' ? 'pass' : 'fail',
        code: 'websocket.upgrade.headers',
        evidence: at(seen, 'Upgrade', 'websocket', upgrade.join(' and ') || 'absent'),
      },
      {
        grade: tokens(connection).includes('upgrade') ? 'pass' : 'fail',
        code: 'websocket.upgrade.headers',
        evidence: at(seen, 'Connection', 'containing Upgrade', connection.join(' and ') || 'absent'),
      },
    ]
    return worst(findings)
  },
  reproduce: handshake(),
  covers: ['A89', 'B30', 'C16'],
})

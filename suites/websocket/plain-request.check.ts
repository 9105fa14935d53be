import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValue, isChallenge, mediaType } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { channelOf, channels, noChannel } from './shared.ts'

export default defineCheck({
  id: 'websocket/plain-request',
  title: 'An ordinary request to the channel gets an ordinary answer',
  failureTitle: 'An ordinary request to the channel breaks something',
  why: 'Crawlers, health probes and proxies that drop Upgrade ask this path plainly; a server that fails on it logs noise and may fall over.',
  source: 'RFC 9110 §15.5.22 (426 Upgrade Required), §15.6',
  severity: 'low',
  codes: {
    'websocket.plain.error': {
      meaning: 'A GET without Upgrade on the path of the channel ends in a server error.',
      fix: 'Answer 426 with Upgrade: websocket.',
    },
  },
  options: {},
  subjects: channels('websocket'),
  unless: noChannel,
  needs: (subject) => ({ seen: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: channelOf(subject).path }) }),
  judge: ({ seen }) => {
    const upgrade = headerValue(seen.headers, 'upgrade')
    const evidence = {
      what: 'GET without Upgrade',
      expected: '426, or any other answer that is no server error',
      received: `${seen.status} ${mediaType(seen.headers) ?? ''}${upgrade === undefined ? '' : `, Upgrade: ${upgrade}`}`.trim(),
      where: `${seen.url} (${seen.peer})`,
      at: seen.at,
    }
    if (isChallenge(seen) || seen.status === 429) return inconclusive('unobserved', 'an obstacle answered instead of the service', evidence)
    return seen.status >= 500 ? warn('websocket.plain.error', evidence) : pass(evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i', '--http1.1', '--max-time', '5'] }),
})

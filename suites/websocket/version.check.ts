import { defineCheck } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { answered, at, channels, handshake, noChannel, ordinary, variant } from './shared.ts'

export default defineCheck({
  id: 'websocket/version',
  title: 'Unknown protocol versions are refused with 426',
  failureTitle: 'An unknown protocol version is not refused properly',
  why: 'The answer to a version tells a client what to speak instead; accepting one that does not exist means that nobody reads the request.',
  source: 'RFC 6455 §4.2.2, §4.4',
  severity: 'low',
  codes: {
    'websocket.version.accepted': {
      meaning: 'Version 99, which does not exist, got the upgrade.',
      fix: 'Use a WebSocket library that reads Sec-WebSocket-Version.',
    },
    'websocket.version.status': { meaning: 'An unknown version is refused with another status than 426.', fix: 'Answer 426 with Sec-WebSocket-Version: 13.' },
    'websocket.version.unnamed': { meaning: 'The 426 does not name version 13.', fix: 'Send Sec-WebSocket-Version: 13 with the 426.' },
  },
  options: {},
  subjects: channels('websocket'),
  unless: noChannel,
  needs: (subject, target) => ({ right: ordinary(subject, target), odd: variant(subject, target, { version: '99' }) }),
  judge: ({ right, odd }) => {
    const named = headerValues(odd.headers, 'sec-websocket-version')
    const evidence = at(
      odd,
      'upgrade with version 99',
      '426 with Sec-WebSocket-Version: 13',
      `${answered(odd)}${named.length === 0 ? '' : `, Sec-WebSocket-Version: ${named.join(' and ')}`}`,
    )
    if (odd.status === 101) return fail('websocket.version.accepted', evidence)
    const control = at(right, 'upgrade with version 13', 'another answer', answered(right))
    if (right.status === 426 || right.status === 429 || right.status >= 500 || odd.status === 429 || odd.status >= 500)
      return inconclusive('unobserved', 'the upgrade fails with the right version too', [evidence, control])
    if (odd.status === 426)
      return named.some((value) => value.split(',').some((one) => one.trim() === '13'))
        ? pass([evidence, control])
        : warn('websocket.version.unnamed', evidence)
    if (odd.status === 401 || odd.status === 403)
      return skip('no-access', 'refused for want of credentials before the version was looked at', [evidence, control])
    if (right.status !== 101 && right.status === odd.status)
      return inconclusive('unobserved', 'the upgrade is refused alike with the right version', [evidence, control])
    return warn('websocket.version.status', [evidence, control])
  },
  reproduce: handshake(() => ({ version: '99' })),
})

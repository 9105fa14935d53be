import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValues, isHtml, isObstacle, mediaType } from '../../helpers/headers.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { channelOf, channels, guarded } from './shared.ts'

export default defineCheck({
  id: 'websocket/long-poll',
  title: 'The long-polling endpoint answers',
  failureTitle: 'The long-polling endpoint does not answer',
  why: 'Live reload by long polling looks like any slow request; behind a fallback page or a cache it seems to work and never says anything.',
  source: 'RFC 6202 §2; live of the target',
  severity: 'medium',
  codes: {
    'websocket.poll.status': { meaning: 'The poll is not answered with 200 or 204.', fix: 'Look at the route of the proxy and at the service.' },
    'websocket.poll.open': {
      meaning: 'The endpoint needs credentials, and answers without them.',
      fix: 'Check the session before the poll waits; nginx: auth_request in its location too.',
    },
    'websocket.poll.page': {
      meaning: 'A page was served where the poll should be.',
      fix: 'Route the path to the service before the fallback of the frontend.',
    },
    'websocket.poll.cacheable': { meaning: 'Caches may store the poll.', fix: 'Send Cache-Control: no-store.' },
  },
  options: {},
  subjects: channels('longpoll'),
  unless: { skip: 'not-declared', reason: 'the target declares no long-polling endpoint (live.mode: longpoll)' },
  needs: (subject) => ({ seen: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: channelOf(subject).path })) }),
  judge: ({ seen }, { subject }) => {
    // A poll that waits longer than we do is in its right; nothing came that could be judged.
    if (!seen.ok) return inconclusive('unobserved', `${seen.failure.message} (${seen.failure.code})`)
    const answer = seen.value
    const control = headerValues(answer.headers, 'cache-control').join(', ')
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: `${answer.url} (${answer.peer})`, at: answer.at })
    const evidence = at('answer to the poll', '200 or 204, no page', `${answer.status} ${mediaType(answer.headers) ?? ''}`.trim())
    if (isObstacle(answer) && answer.status !== 502 && answer.status !== 504)
      return inconclusive('unobserved', 'an obstacle answered instead of the service', evidence)
    if (guarded(channelOf(subject)) && (answer.status === 401 || answer.status === 403))
      return skip('no-access', 'the poll needs a session, which is not at hand', evidence)
    if (answer.status !== 200 && answer.status !== 204) return fail('websocket.poll.status', evidence)
    if (isHtml(answer)) return fail('websocket.poll.page', evidence)
    if (guarded(channelOf(subject))) return fail('websocket.poll.open', { ...evidence, expected: '401 or 403 without credentials' })
    const stored = at('Cache-Control', 'no-store or no-cache', control === '' ? 'absent' : control)
    return /(?:^|[\s,])(?:no-store|no-cache)(?:$|[\s,=])/i.test(control) ? pass([evidence, stored]) : warn('websocket.poll.cacheable', [stored, evidence])
  },
  reproduce: (subject, target) => curlFor(target, subject.name, { flags: ['-sS', '-i', '--max-time', '60'] }),
  covers: ['A90'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { curlPlain, elsewhere, evidenceOf, excepted, firstHop, isClosed, noHosts, plainRequest } from './shared.ts'

export default defineCheck({
  id: 'redirects/first-hop-https',
  title: 'The first redirect reaches https at once',
  failureTitle: 'The first redirect stays on http',
  why: 'A first hop to another http address leaves the bare name without HSTS for ever, and gives an attacker a second hop to take.',
  source: 'Observatory redirection-not-to-https-on-initial; hstspreload.org',
  severity: 'medium',
  codes: {
    'redirects.first-hop.http': {
      meaning: 'The first Location has the scheme http.',
      fix: 'Redirect to https:// on the same host first, to the canonical name afterwards.',
    },
  },
  options: {},
  subjects: eachHost((host, target) => !elsewhere(host) && !excepted(target, host, '/')),
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain }, { subject, target }) => {
    if (isClosed(plain))
      return pass({ what: `port 80 of ${subject.name}`, expected: 'the first hop is https', received: 'connection refused: no first hop in clear' })
    const hop = firstHop(plain, hostOf(subject), target)
    if ('verdict' in hop) return hop.verdict
    const evidence = evidenceOf(hop.answer, 'the first Location has the scheme https')
    if (hop.url === undefined) return inconclusive('unobserved', 'the Location is no URL', evidence)
    return hop.url.protocol === 'https:' ? pass(evidence) : fail('redirects.first-hop.http', evidence)
  },
  reproduce: curlPlain(),
  covers: ['A21'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { attempt } from '../../helpers/probe.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { curlPlain, elsewhere, evidenceOf, excepted, firstHop, isClosed, noHosts, plainRequest } from './shared.ts'

export default defineCheck({
  id: 'redirects/off-host-first',
  title: 'The first redirect stays on its host',
  failureTitle: 'The first redirect leaves its host before https was reached',
  why: 'A browser that is sent away at once never sees this name over https, so it never learns its HSTS; preloading demands the hop.',
  source: 'hstspreload.org requirements; Observatory redirection-off-host-from-http',
  severity: 'medium',
  codes: {
    'redirects.off-host': {
      meaning: 'The first Location names another host.',
      fix: 'Redirect http://name to https://name first, then to the other name; or declare redirect.to.',
    },
  },
  options: {},
  subjects: eachHost((host, target) => !elsewhere(host) && !excepted(target, host, '/')),
  unless: noHosts,
  needs: (subject) => ({ plain: attempt(plainRequest(hostOf(subject))) }),
  judge: ({ plain }, { subject, target }) => {
    if (isClosed(plain)) return pass({ what: `port 80 of ${subject.name}`, expected: 'no hop to another host', received: 'connection refused' })
    const hop = firstHop(plain, hostOf(subject), target)
    if ('verdict' in hop) return hop.verdict
    const evidence = evidenceOf(hop.answer, `the first Location is on ${hostOf(subject).fqdn}`)
    if (hop.url === undefined) return inconclusive('unobserved', 'the Location is no URL', evidence)
    return hop.url.hostname === hostOf(subject).fqdn ? pass(evidence) : warn('redirects.off-host', evidence)
  },
  reproduce: curlPlain(),
})

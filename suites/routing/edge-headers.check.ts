import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValues } from '../../helpers/headers.ts'
import { matchValue } from '../../helpers/matcher.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlHttps, evidenceOf } from './shared.ts'

export default defineCheck({
  id: 'routing/edge-headers',
  title: 'Requests go through the declared edge',
  failureTitle: 'A request did not go through the declared edge',
  why: 'A name that points past the CDN has none of its protection, and gives the origin away.',
  source: 'edge.responseHeaders of the target',
  severity: 'medium',
  codes: {
    'routing.edge.header-missing': {
      meaning: 'A header that the edge adds is missing or other than declared.',
      fix: 'Check that the DNS record of this name is proxied by the edge.',
    },
  },
  options: {},
  subjects: (target) => (target.file.edge?.responseHeaders === undefined ? [] : eachHost()(target)),
  unless: { skip: 'not-declared', reason: 'edge.responseHeaders is not declared' },
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: hostOf(subject).path }) }),
  judge: ({ answer }, { target }) => {
    const findings: Finding[] = []
    for (const [name, matcher] of Object.entries(target.file.edge?.responseHeaders ?? {})) {
      const result = matchValue(matcher, headerValues(answer.headers, name)[0], { text: true })
      if (result.misused !== undefined) return inconclusive('misused', result.misused)
      const evidence = evidenceOf(answer, result.expected, result.received, `${name} of ${answer.url}`)
      findings.push(result.ok ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.edge.header-missing', evidence })
    }
    return worst(findings)
  },
  reproduce: curlHttps(),
  covers: ['B5'],
})

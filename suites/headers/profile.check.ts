import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import { matchValue } from '../../helpers/matcher.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import type { Host } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, evidenceOf, matcherOf, shownValues } from './shared.ts'

const demands = (host: Host) =>
  Object.entries(host.headers).flatMap(([name, expectation]) => {
    const matcher = matcherOf(expectation)
    return matcher === undefined ? [] : [{ name, matcher }]
  })

export default defineCheck({
  id: 'headers/profile',
  title: 'The headers are as the target declares them',
  failureTitle: 'A header is not as the target declares it',
  why: 'The description is what was signed off; a header that differs was changed by somebody, or never arrived.',
  source: 'the target file: headers, headerProfiles, defaults.headers',
  severity: 'high',
  codes: {
    'headers.profile.missing': { meaning: 'A declared header is not sent.', fix: 'Send it, from the edge or the application, or correct the target.' },
    'headers.profile.differs': { meaning: 'A declared header has another value.', fix: 'Correct the configuration, or the target if the change was meant.' },
    'headers.profile.forbidden': {
      meaning: 'A header is sent that the target declares absent.',
      fix: 'nginx: proxy_hide_header, server_tokens off; Caddy: header -Name.',
    },
  },
  options: {},
  subjects: eachHost((host) => demands(host).length > 0),
  unless: { skip: 'not-declared', reason: 'the target declares no header value for any host' },
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const findings: Finding[] = []
    for (const { name, matcher } of demands(host)) {
      const values = headerValues(seen.headers, name)
      // The same value twice is a matter of its own (headers/duplicates); two different ones are never what was declared.
      const value = new Set(values).size > 1 ? values.join(', ') : values[0]
      const match = matchValue(matcher, value, { text: true })
      if (match.misused !== undefined) return inconclusive('misused', `headers of ${host.name}, ${name}: ${match.misused}`)
      const evidence = evidenceOf(seen, name, match.expected, shownValues(values))
      const code = values.length === 0 ? 'headers.profile.missing' : match.expected === 'absent' ? 'headers.profile.forbidden' : 'headers.profile.differs'
      findings.push(match.ok ? { grade: 'pass', evidence } : { grade: 'fail', code, evidence })
    }
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: ['A28', 'A30', 'A33', 'B16', 'C8', 'D9'],
})

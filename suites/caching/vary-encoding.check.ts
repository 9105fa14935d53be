import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readVary } from '../../helpers/grammar/cache-control.ts'
import { headerValues, isObstacle } from '../../helpers/headers.ts'
import { codings } from '../../helpers/probes/caching.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, curlHost, policyOf, showsPages } from './shared.ts'

export default defineCheck({
  id: 'caching/vary-encoding',
  title: 'Compressed answers say what they vary by',
  failureTitle: 'Compressed answers do not say what they vary by',
  why: 'Without Vary: Accept-Encoding a shared cache hands the compressed body to a client that cannot read it, or the long one to everybody.',
  source: 'RFC 9110 §12.5.5; RFC 9111 §4.1',
  severity: 'medium',
  codes: {
    'caching.vary.missing': {
      meaning: 'The answer differs by Accept-Encoding and does not say so.',
      fix: 'nginx: gzip_vary on; applications: append Accept-Encoding to Vary, on the uncompressed answer too.',
    },
  },
  options: {},
  subjects: eachHost((host) => showsPages(host) || (host.kind === 'api' && (host.declared.apiPaths ?? []).length > 0)),
  unless: { skip: 'not-applicable', reason: 'no host shows pages or declares API paths' },
  needs: (subject) => ({ seen: codings(hostOf(subject)) }),
  judge: ({ seen }) => {
    const findings: Finding[] = []
    for (const { first, gzip } of seen) {
      if (!gzip.ok) return inconclusive('unobserved', `${first.url} with gzip offered: ${gzip.failure.message} (${gzip.failure.code})`)
      if (isObstacle(gzip.value)) return inconclusive('unobserved', `${first.url} with gzip offered answered ${gzip.value.status}`)
      const differs = headerValues(first.headers, 'content-encoding').join() !== headerValues(gzip.value.headers, 'content-encoding').join()
      if (!differs) continue
      for (const [one, asked] of [
        [first, 'offered nothing'],
        [gzip.value, 'offered gzip'],
      ] as const) {
        const names = readVary(headerValues(one.headers, 'vary'))
        const stored = !policyOf(one).control.noStore
        const right = names.includes('accept-encoding') || names.includes('*')
        findings.push({
          // Everybody can read the long answer: kept for all it costs bytes, no more (Caddy says Vary only where it compressed).
          grade: right || !stored ? 'pass' : one === first ? 'warn' : 'fail',
          ...(one === first ? { severity: 'low' as const } : {}),
          code: 'caching.vary.missing',
          evidence: at(one, `Vary, ${asked}`, 'containing Accept-Encoding', `${names.join(', ') || 'absent'}${stored ? '' : ' (no-store: no cache keeps it)'}`),
        })
      }
    }
    return findings.length === 0 ? skip('not-applicable', 'nothing is compressed here') : worst(findings)
  },
  reproduce: curlHost(undefined, [['Accept-Encoding', 'gzip']]),
  covers: ['C79'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import type { Host } from '../../helpers/target.ts'
import { inconclusive, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { declaredPaths, reach, whole } from './responses.ts'
import { answerOf, curlFirst, usable } from './shared.ts'

const lower = (headers: Host['headers'] | undefined): Host['headers'] =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))

export default defineCheck({
  id: 'headers/paths',
  title: 'Every backend behind the host sends the headers',
  failureTitle: 'A backend behind the host goes without the headers',
  why: 'One proxy, several backends: what the frontend sends itself is missing on the interface and the admin part, and nobody looks there.',
  source: 'ASVS 3.4; nginx: inheritance of add_header',
  severity: 'medium',
  codes: {
    'headers.paths.declared': {
      meaning: 'A declared path goes without a header that the target declares for every response, or for this path.',
      fix: 'Set the headers at the edge for every location instead of in one of the backends.',
    },
    'headers.paths.lost': { meaning: 'A declared path goes without nosniff, which the document has.', fix: 'Set the headers at the edge for every location.' },
  },
  options: {},
  subjects: eachHost((host, target) => declaredPaths(host, target).length > 0),
  unless: { skip: 'not-declared', reason: 'no host declares paths, apiPaths or health endpoints' },
  needs: (subject, target) => ({
    chain: documentOf(hostOf(subject)),
    looked: lookAt(
      hostOf(subject),
      declaredPaths(hostOf(subject), target).map((path) => ({ path })),
    ),
  }),
  judge: ({ chain, looked }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const findings = looked.flatMap(({ path, seen }) => {
      const other = usable(seen)
      const own = lower(host.declared.paths?.[path]?.headers)
      return other === undefined ? [] : reach(host, basis.seen, other, { declared: 'headers.paths.declared', lost: 'headers.paths.lost' }, own)
    })
    return findings.length === 0 ? inconclusive('unobserved', `none of ${looked.length} declared paths could be judged`) : whole(worst(findings), looked)
  },
  reproduce: curlFirst(declaredPaths),
  covers: ['A31', 'C9', 'D11'],
})

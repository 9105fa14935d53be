import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { inconclusive, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { reach, usableOf, whole } from './responses.ts'
import { answerOf, noHosts } from './shared.ts'

export default defineCheck({
  id: 'headers/methods',
  title: 'HEAD and OPTIONS carry the headers of GET',
  failureTitle: 'HEAD or OPTIONS go without headers that GET has',
  why: 'Monitors and caches ask with HEAD; a header that only GET carries is checked by nobody and lost by the first cache.',
  source: 'RFC 9110 §9.3.2: HEAD should carry the same header fields',
  severity: 'low',
  codes: {
    'headers.methods.declared': {
      meaning: 'An answer to HEAD or OPTIONS goes without a header that the target declares for every response.',
      fix: 'Set headers at the edge, not in the handler of GET; nginx: always.',
    },
    'headers.methods.lost': {
      meaning: 'An answer to HEAD goes without nosniff or the policy that GET has.',
      fix: 'Set headers at the edge, not in the handler of GET.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => {
    const host = hostOf(subject)
    return {
      chain: documentOf(host),
      looked: lookAt(
        host,
        ['HEAD', 'OPTIONS'].map((method) => ({ path: host.path, method })),
      ),
    }
  },
  judge: ({ chain, looked }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const answers = usableOf(looked)
    if (answers.length === 0) return inconclusive('unobserved', 'neither HEAD nor OPTIONS was answered')
    return whole(
      worst(answers.flatMap((other) => reach(host, basis.seen, other, { declared: 'headers.methods.declared', lost: 'headers.methods.lost' }))),
      looked,
    )
  },
  reproduce: (subject, target) => curlFor(target, `https://${subject.name}${subject.host?.path ?? '/'}`, { method: 'HEAD', flags: ['-sS'] }),
  covers: ['A31'],
})

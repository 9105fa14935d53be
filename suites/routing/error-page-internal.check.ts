import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { evidenceOf, obstacle } from './shared.ts'

const subjects = (target: Target): readonly Subject[] =>
  (target.file.errorPages ?? []).flatMap((item) => {
    const host = target.hosts.find((one) => one.name === (item.host ?? '@'))
    return host === undefined ? [] : [{ name: `https://${host.fqdn}${item.page}`, host, item: item.page }]
  })

export default defineCheck({
  id: 'routing/error-page-internal',
  title: 'Error pages cannot be asked for directly',
  failureTitle: 'An error page can be asked for directly',
  why: 'A page that says "we are down" with status 200 gets indexed, cached and shared as if it were true.',
  source: 'nginx internal; errorPages of the target',
  severity: 'low',
  codes: {
    'routing.error-page.reachable': { meaning: 'The internal error page is served with a success status.', fix: 'nginx: location = /5xx.html { internal; }' },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'errorPages is not declared' },
  needs: (subject) => ({ answer: httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: String(subject.item) }) }),
  judge: ({ answer }) => {
    const evidence = evidenceOf(answer, 'status 404')
    if (answer.status === 404 || answer.status === 403 || answer.status === 410) return pass(evidence)
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    return fail('routing.error-page.reachable', evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name),
  covers: ['A12'],
})

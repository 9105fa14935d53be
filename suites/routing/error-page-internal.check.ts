import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { titleOf } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { evidenceOf, NOWHERE, obstacle } from './shared.ts'

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
    'routing.error-page.unclear': {
      meaning: 'The path of the internal error page is answered neither with the page nor with a refusal.',
      fix: 'Answer it with 404; look at what redirects it or fails there.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'errorPages is not declared' },
  needs: (subject) => {
    const https = (path: string) => httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path })
    return { answer: https(String(subject.item)), nowhere: attempt(https(`${NOWHERE}.html`)) }
  },
  judge: ({ answer, nowhere }) => {
    const evidence = evidenceOf(answer, 'status 404')
    const blocked = obstacle(answer)
    if (blocked !== undefined) return blocked
    if (answer.status >= 400 && answer.status < 500) return pass(evidence)
    if (answer.status < 200 || answer.status >= 300) return warn('routing.error-page.unclear', evidence)
    // One page that answers every path is not the error page.
    const everything = nowhere.ok && nowhere.value.status === answer.status && titleOf(nowhere.value) === titleOf(answer)
    if (everything && Math.abs((nowhere.value.body.length - answer.body.length) / Math.max(1, answer.body.length)) < 0.1) return pass(evidence)
    return fail('routing.error-page.reachable', evidence)
  },
  reproduce: (subject, target) => curlFor(target, subject.name),
  covers: ['A12'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { documentOf } from '../../helpers/probes/http.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { curlHttps, documentIn, edgeError, evidenceOf, noHosts, obstacle } from './shared.ts'

export default defineCheck({
  id: 'routing/edge-error',
  title: 'An application answers, not the edge in its place',
  failureTitle: 'The edge answers in place of the application',
  why: 'With the tunnel up and the backend down, the edge answers by itself, sometimes with status 200.',
  source: 'error pages of nginx, Traefik, Cloudflare, Caddy',
  severity: 'high',
  codes: {
    'routing.edge.error-page': {
      meaning: 'The answer is an error or default page of a proxy.',
      fix: 'Start the backend, or correct the address that the proxy passes to.',
    },
    'routing.edge.empty': {
      meaning: 'Status 200 with nothing in it: Caddy answers so for names without a site.',
      fix: 'Add a site block for this name, or correct the Host that is passed on.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.kind !== 'redirect'),
  unless: noHosts,
  needs: (subject) => ({ document: documentOf(hostOf(subject)) }),
  judge: ({ document }, { subject }) => {
    const seen = documentIn(document)
    if (seen === undefined) return inconclusive('defect', 'no document to judge')
    const blocked = obstacle(seen)
    if (blocked !== undefined) return blocked
    const edge = edgeError(seen)
    const evidence = evidenceOf(seen, 'a document of the application')
    if (
      edge !== undefined &&
      !(seen.status < 500 && hostOf(subject).declared.marker === undefined && hostOf(subject).status.includes(seen.status) && seen.status === 404)
    )
      return fail('routing.edge.error-page', { ...evidence, received: `${evidence.received} (${edge})` })
    if (seen.status === 200 && seen.body.length === 0) return fail('routing.edge.empty', evidence)
    return pass(evidence)
  },
  reproduce: (subject, target) => curlHttps()(subject, target).replace(' -D - -o /dev/null', ' -i'),
  covers: ['A4', 'A12'],
})

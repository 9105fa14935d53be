import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { curlHttps, documentIn, edgeError, evidenceOf, noDocument, noHosts, obstacle, readMarker } from './shared.ts'

/** RFC 9110 §15.6.3 and §15.6.5, and the codes by which Cloudflare tells the same. */
const GATEWAY: ReadonlySet<number> = new Set([502, 504, 520, 521, 522, 523, 524, 525, 526, 530])

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
    'routing.edge.status': {
      meaning: 'The answer has a status that only gateways give: nobody usable is behind this name.',
      fix: 'Start the backend; compare the address and port the proxy passes to with those it listens on.',
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
    if (seen === undefined) return noDocument(document)
    const blocked = obstacle(seen)
    if (blocked !== undefined) return blocked
    const host = hostOf(subject)
    const { marker } = host.declared
    const evidence = evidenceOf(seen, 'a document of the application')
    // What carries the marker of the application is the application's, whatever else it says.
    if (marker !== undefined && readMarker(marker, seen).ok) return pass(evidence)
    if (GATEWAY.has(seen.status) && !host.status.includes(seen.status)) return fail('routing.edge.status', evidence)
    const edge = edgeError(seen)
    const declared404 = seen.status === 404 && marker === undefined && host.status.includes(404)
    if (edge !== undefined && !declared404) return fail('routing.edge.error-page', { ...evidence, received: `${evidence.received} (${edge})` })
    if (seen.status === 200 && seen.body.length === 0)
      return host.kind === 'api' && marker === undefined ? warn('routing.edge.empty', evidence) : fail('routing.edge.empty', evidence)
    return pass(evidence)
  },
  reproduce: (subject, target, evidence) => curlHttps()(subject, target, evidence).replace(' -D - -o /dev/null', ' -i'),
  covers: ['A4', 'A12'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValue, mediaType } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { documentOf, httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { evidenceOf, readMarker } from './shared.ts'

/** Written by an application: servers and firewalls refuse with pages or without words. */
const isJson = (seen: HttpObservation): boolean => seen.body.length > 0 && mediaType(seen.headers)?.endsWith('json') === true
const SILENT: ReadonlySet<string> = new Set(['TIMEOUT', 'ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL'])

export default defineCheck({
  id: 'routing/origin-direct',
  title: 'The origin answers only through its edge',
  failureTitle: 'The origin answers past its edge',
  why: 'Who knows the address behind the CDN goes round its firewall, its limits and its logins.',
  source: 'edge.origin of the target',
  severity: 'high',
  codes: {
    'routing.origin.reachable': {
      meaning: 'The address behind the edge serves the application directly.',
      fix: 'Admit only the addresses of the edge at the firewall, or demand its client certificate.',
    },
    'routing.origin.answers': {
      meaning: 'The address behind the edge answers with some content that is not the application.',
      fix: 'Close it to everybody but the edge; a default page there gives the origin away.',
    },
  },
  options: {},
  subjects: (target) =>
    target.file.edge?.origin === undefined || target.file.edge.origin.direct === 'allowed' ? [] : eachHost((host) => host.kind !== 'redirect')(target),
  unless: { skip: 'not-declared', reason: 'edge.origin is not declared, or may be asked directly' },
  needs: (subject, target) => ({
    direct: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: hostOf(subject).path, address: target.file.edge?.origin?.address ?? '' })),
    document: attempt(documentOf(hostOf(subject))),
  }),
  judge: ({ direct, document }, { subject, target }) => {
    const what = `https://${subject.name}${hostOf(subject).path} at ${target.file.edge?.origin?.address ?? ''}`
    const expected = 'refused: no connection, or an error status'
    if (!direct.ok) {
      const { code, phase } = direct.failure
      if (code === 'UNMAPPED') return inconclusive('misused', direct.failure.message)
      // Only the address itself can refuse: a resolver that fails, or a fault of ours, says nothing about it.
      if (phase === 'resolve' || phase === 'internal') return inconclusive('unobserved', `${what}: ${direct.failure.message} (${code})`)
      // Silence proves a filter only while the edge itself answers.
      if (SILENT.has(code) && !document.ok) return inconclusive('unobserved', `neither ${what} nor the edge answered`)
      return pass({ what, expected, received: `${phase}: ${code}` })
    }
    const evidence = evidenceOf(direct.value, expected, undefined, what)
    const { marker } = hostOf(subject).declared
    const edge = document.ok ? document.value.hops[0] : undefined
    if (direct.value.status >= 400) {
      // An interface may answer its root with an error of its own: the same one past the edge refuses nobody.
      const own = marker !== undefined && readMarker(marker, direct.value).ok
      const same = edge?.status === direct.value.status && isJson(direct.value) && Buffer.from(edge.body).equals(direct.value.body)
      return own || same ? fail('routing.origin.reachable', evidence) : pass(evidence)
    }
    if (direct.value.status >= 300) {
      // A redirect to the edge is a refusal; the one that the application itself gives is not.
      const alike = edge?.status === direct.value.status && headerValue(edge.headers, 'location') === headerValue(direct.value.headers, 'location')
      return alike ? fail('routing.origin.reachable', evidence) : pass(evidence)
    }
    if (marker === undefined || readMarker(marker, direct.value).ok) return fail('routing.origin.reachable', evidence)
    return warn('routing.origin.answers', evidence)
  },
  reproduce: (subject, target) =>
    curlFor(
      target,
      `https://${subject.name}${hostOf(subject).path}`,
      target.file.edge?.origin === undefined ? {} : { address: target.file.edge.origin.address },
    ),
  covers: ['B5', 'B6'],
})

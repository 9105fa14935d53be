import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues, isHtml } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { documentAgain } from './probes.ts'
import { CSP, curlDocument, documentOr, evidenceOf, HSTS, noPages, showsPages, usable } from './shared.ts'

/** Policies with a nonce differ in every answer, so of these only that they are there is compared. */
const CHANGING: ReadonlySet<string> = new Set([CSP, `${CSP}-report-only`])
const POLICY: readonly string[] = [
  HSTS,
  CSP,
  `${CSP}-report-only`,
  'x-frame-options',
  'x-content-type-options',
  'referrer-policy',
  'permissions-policy',
  'cross-origin-opener-policy',
  'cross-origin-embedder-policy',
  'cross-origin-resource-policy',
]
const said = (seen: HttpObservation, name: string): string => {
  const values = headerValues(seen.headers, name)
  return values.length === 0 ? 'absent' : CHANGING.has(name) ? 'present' : values.map((value) => value.trim()).join(' and ')
}

export default defineCheck({
  id: 'headers/steadiness',
  title: 'The page has the same headers of policy every time',
  failureTitle: 'The page has headers of policy in some answers only',
  why: 'Behind one name work several servers: where one was left out of the last change, a part of all visitors goes without, and a test that looks once sees nothing.',
  source: 'ASVS 3.4 (on every response); RFC 6797 §7.1 (HSTS on every response over TLS)',
  severity: 'medium',
  codes: {
    'headers.steadiness.differs': {
      meaning: 'Two answers to the same request, one of them on another connection over HTTP/1.1, have different headers of policy.',
      fix: 'Bring every server behind the name, and its listeners for HTTP/1.1 and HTTP/2, to the same configuration and reload it; where a cache stands before them, empty it.',
    },
    'headers.steadiness.by-query': {
      meaning:
        'The same page with a parameter that nobody knows has other headers of policy: a cache keeps an older answer, or a location sets headers of its own.',
      fix: 'Empty the cache; nginx: set the headers for the whole server, and repeat them where a location has add_header of its own.',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), repeated: documentAgain(hostOf(subject)) }),
  judge: ({ chain, repeated }, { subject }) => {
    const host = hostOf(subject)
    const basis = documentOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const findings: Finding[] = []
    for (const [other, grade, code] of [
      [usable(repeated.again, host.status), 'fail', 'headers.steadiness.differs'],
      [usable(repeated.fresh, host.status), 'warn', 'headers.steadiness.by-query'],
    ] as const) {
      // Another status or another kind of content is another page.
      if (other === undefined || other.status !== seen.status || isHtml(other) !== isHtml(seen)) continue
      const differing = POLICY.filter((name) => said(other, name) !== said(seen, name))
      const shown = (one: HttpObservation): string => differing.map((name) => `${name}: ${said(one, name)}`).join('; ')
      const evidence = evidenceOf(
        other,
        `headers of policy over HTTP/${other.httpVersion}`,
        differing.length === 0 ? 'as the first time' : `${shown(seen)} (the first time, over HTTP/${seen.httpVersion})`,
        differing.length === 0 ? 'the same' : shown(other),
      )
      findings.push(differing.length === 0 ? { grade: 'pass', evidence } : { grade, code, evidence })
    }
    return findings.length === 0 ? inconclusive('unobserved', 'the document did not come a second time') : worst(findings)
  },
  reproduce: (subject, target) => `for v in --http1.1 --http2 --http1.1 --http2; do ${curlDocument(subject, target)} $v; done`,
  covers: [],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValues } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { lookAt } from './probes.ts'
import { errorLooks, usableOf } from './responses.ts'
import { answerOf, curlDocument, evidenceOf, isDeclared, noHosts, shownValues } from './shared.ts'

/** Speak of what is behind the edge (OWASP list of headers to remove). Tracing ids without an inside (traceparent, X-Request-Id) are not among them. */
const INSIDE =
  /^(?:x-backend(?:-server|-host)?|x-upstream(?:-addr|-host|-server)?|x-real-server|x-server-(?:addr|name|ip)|x-host-ip|x-envoy-.+|x-b3-.+|x-datadog-.+|x-varnish-backend|x-pod(?:-name|-ip)?|x-k8s-.+|x-container-id|x-node-id|x-application-context|x-litespeed-.+debug|x-cf-powered-by)$/
const DEBUG = /^(?:x-debug-token|x-debug-token-link|x-debugbar-.+|x-clockwork-.+|x-debug-.+|x-sourcemap|sourcemap|x-runtime-trace)$/
const PRIVATE =
  /(?<![\d.])(?:10\.\d{1,3}\.\d{1,3}\.\d{1,3}|192\.168\.\d{1,3}\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])\.\d{1,3}\.\d{1,3}|127\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![\d.])/
/** Their values may name any address on purpose. */
const EXEMPT: ReadonlySet<string> = new Set(['content-security-policy', 'content-security-policy-report-only', 'set-cookie', 'etag', 'content-disposition'])

function leaksIn(seen: HttpObservation, declared: (name: string) => boolean): Finding[] {
  const names = new Set(seen.headers.map(([name]) => name.toLowerCase()))
  return [...names].flatMap((name): Finding[] => {
    if (declared(name)) return []
    const values = headerValues(seen.headers, name)
    const shown = shownValues(values)
    if (DEBUG.test(name)) return [{ grade: 'warn', code: 'headers.internal.debug', evidence: evidenceOf(seen, name, 'absent', shown) }]
    if (INSIDE.test(name)) return [{ grade: 'warn', code: 'headers.internal.names', evidence: evidenceOf(seen, name, 'absent', shown) }]
    if (!EXEMPT.has(name) && values.some((value) => PRIVATE.test(value)))
      return [{ grade: 'warn', code: 'headers.internal.address', evidence: evidenceOf(seen, name, 'no private address', shown) }]
    return []
  })
}

export default defineCheck({
  id: 'headers/internal-leak',
  title: 'Headers say nothing of what is behind the edge',
  failureTitle: 'Headers tell what is behind the edge',
  why: 'Names and addresses of the inside are what the next request is forged with; debug headers point at profilers.',
  source: 'ASVS 13.4.6; OWASP Secure Headers Project, headers to remove',
  severity: 'medium',
  codes: {
    'headers.internal.names': {
      meaning: 'A header names a backend, a container or a mesh.',
      fix: 'nginx: proxy_hide_header; Envoy: request_headers_to_remove, suppress_envoy_headers.',
    },
    'headers.internal.address': { meaning: 'A header holds a private address.', fix: 'Find which one writes it (Location, Via, X-…) and hide it at the edge.' },
    'headers.internal.debug': { meaning: 'A header of a debugger, profiler or source map.', fix: 'Run in production mode; remove the debug package.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ chain: documentOf(hostOf(subject)), errors: lookAt(hostOf(subject), errorLooks(hostOf(subject), target)) }),
  judge: ({ chain, errors }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const answers = [...chain.hops, ...usableOf(errors)]
    return worst([
      ...answers.flatMap((seen) => leaksIn(seen, (name) => isDeclared(host, name))),
      {
        grade: 'pass',
        evidence: evidenceOf(basis.seen, 'headers', 'nothing of the inside', `${basis.seen.headers.length} fields here, ${answers.length} answers read`),
      },
    ])
  },
  reproduce: curlDocument,
  covers: [],
})

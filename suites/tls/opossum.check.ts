import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { rawHttp } from '../../helpers/probes/http.ts'
import { attempt, isRefused } from '../../helpers/probe.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'tls/opossum',
  title: 'Plain HTTP is not upgraded to TLS in place',
  failureTitle: 'Plain HTTP is upgraded to TLS in place',
  why: 'A server that switches to TLS inside a plain connection (RFC 2817) lets somebody in between shift the answers of an encrypted client by one request.',
  source: 'CVE-2025-49812; RFC 2817 §3.1',
  severity: 'medium',
  codes: {
    'tls.opossum': {
      meaning: 'Port 80 answers an Upgrade to TLS with 101.',
      fix: 'Apache: SSLEngine on instead of optional; update it; no client of today uses this upgrade.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: { skip: 'not-declared', reason: 'the target names no host' },
  needs: (subject) => {
    const { fqdn } = hostOf(subject)
    const bytes = `OPTIONS * HTTP/1.1\r\nHost: ${fqdn}\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n`
    return { seen: attempt(rawHttp({ scheme: 'http', host: fqdn, bytes })) }
  },
  judge: ({ seen }) => {
    const what = 'OPTIONS * with Upgrade: TLS/1.0 on port 80'
    if (!seen.ok) {
      const evidence = {
        what,
        expected: 'any status but 101, or nothing listening',
        received: `${seen.failure.message} (${seen.failure.code})`,
        at: seen.startedAt,
      }
      return isRefused(seen) ? pass(evidence) : inconclusive('unobserved', seen.failure.message, evidence)
    }
    const { status, peer, at, closed } = seen.value
    const evidence = { what, expected: 'any status but 101', received: status === undefined ? `no status line (${closed})` : String(status), where: peer, at }
    if (status === 101) return fail('tls.opossum', evidence)
    return status === undefined && closed === 'kept-open' ? inconclusive('unobserved', 'port 80 did not answer', evidence) : pass(evidence)
  },
  reproduce: (subject, target) =>
    curlFor(target, `http://${hostOf(subject).fqdn}/`, {
      method: 'OPTIONS',
      headers: [
        ['Upgrade', 'TLS/1.0'],
        ['Connection', 'Upgrade'],
      ],
    }),
})

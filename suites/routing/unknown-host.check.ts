import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { isHtml, titleOf } from '../../helpers/headers.ts'
import type { HttpObservation, RawHttpObservation } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { atFirstAddress } from '../../helpers/probes/default-server.ts'
import { documentOf, httpRequest, rawHttp } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { documentIn, evidenceOf, FOREIGN, noHosts, readMarker, shown } from './shared.ts'

const REQUEST = `GET / HTTP/1.1\r\nHost: ${FOREIGN}\r\nUser-Agent: postproof\r\nAccept: */*\r\nConnection: close\r\n\r\n`
const asSeen = (raw: RawHttpObservation, url: string): HttpObservation => ({
  url,
  method: 'GET',
  status: raw.status ?? 0,
  statusText: '',
  httpVersion: '1.1',
  headers: raw.headers,
  body: raw.body,
  wireBytes: raw.body.length,
  truncated: false,
  decodeFailed: false,
  peer: raw.peer,
  reused: false,
  at: raw.at,
  timings: { ttfbMs: 0, transferMs: 0, totalMs: 0, loopDelayMs: 0 },
})

export default defineCheck({
  id: 'routing/unknown-host',
  title: 'An unknown name reaches no application',
  failureTitle: 'An unknown name reaches an application',
  why: 'A default virtual host answers scanners and forged names, past the login that hangs on the right name, and feeds forged Host headers to the application.',
  source: 'RFC 9110 §7.4, §15.5.20 (421); nginx default_server; OWASP WSTG-INPV-17',
  severity: 'high',
  codes: {
    'routing.unknown-host.application': {
      meaning: 'A request for a foreign name was answered with the application of this host.',
      fix: 'nginx: a default_server that returns 444 or 421 for 80 and 443; applications: a list of trusted hosts.',
    },
    'routing.unknown-host.content': {
      meaning: 'A request for a foreign name was answered with some content and a success status.',
      fix: 'Answer unknown names with 421 or 404, or refuse the handshake.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => {
    const { fqdn } = hostOf(subject)
    // On connections of their own: who drops unknown names without an answer (nginx 444) drops the whole connection, with everybody else's requests.
    const foreign = { headers: [['host', FOREIGN]], freshConnection: true } as const
    return {
      document: attempt(documentOf(hostOf(subject))),
      host: attempt(httpRequest({ scheme: 'https', host: fqdn, ...foreign })),
      plain: attempt(atFirstAddress(fqdn, 'http, a foreign name', (address) => httpRequest({ scheme: 'http', host: address, ...foreign }))),
      sni: attempt(
        atFirstAddress(fqdn, 'https, a foreign name', (address) => rawHttp({ scheme: 'https', host: address, servername: FOREIGN, bytes: REQUEST })),
      ),
    }
  },
  judge: ({ document, host, plain, sni }, { subject }) => {
    const right = document.ok ? documentIn(document.value) : undefined
    const { marker } = hostOf(subject).declared
    const findings: Finding[] = []
    const judged = (seen: HttpObservation, what: string): void => {
      const evidence = evidenceOf(seen, 'no application: 404, 421, a redirect, or the connection closed', shown(seen), what)
      const success = seen.status >= 200 && seen.status < 300
      const same =
        (marker !== undefined && readMarker(marker, seen).ok) ||
        (right !== undefined && right.body.length > 0 && Buffer.from(right.body).equals(seen.body)) ||
        (right !== undefined && right.status < 400 && titleOf(right) !== undefined && titleOf(right) === titleOf(seen))
      if (success && same) findings.push({ grade: 'fail', code: 'routing.unknown-host.application', evidence })
      // Caddy answers names without a site with an empty 200: nothing is reached, yet a look at the status alone would call it healthy.
      else if (success && seen.body.length > 0)
        findings.push({ grade: isHtml(seen) ? 'fail' : 'warn', code: 'routing.unknown-host.content', evidence, severity: 'medium' })
      else findings.push({ grade: 'pass', evidence })
    }
    const refused = (what: string, code: string): void => {
      findings.push({ grade: 'pass', evidence: { what, expected: 'no application', received: `refused (${code})` } })
    }
    const unclear: string[] = []
    const names: readonly (readonly [typeof host, string])[] = [
      [host, `https with the right server name and Host: ${FOREIGN}`],
      [plain, `http with Host: ${FOREIGN}`],
    ]
    for (const [seen, what] of names) {
      if (seen.ok) judged(seen.value, what)
      // Silence on a connection that stands may be slowness; before it stands, nothing was reached.
      else if (seen.failure.phase === 'response' || seen.failure.phase === 'request' ? seen.failure.code !== 'TIMEOUT' : what.startsWith('http with'))
        refused(what, seen.failure.code)
      else unclear.push(`${what}: ${seen.failure.message} (${seen.failure.code})`)
    }
    const what = `https with the server name ${FOREIGN}`
    if (sni.ok && sni.value.status !== undefined) judged(asSeen(sni.value, `https://${FOREIGN}/`), what)
    else if (sni.ok) refused(what, sni.value.closed)
    else if (sni.failure.phase === 'tls' && sni.failure.code !== 'TIMEOUT') refused(what, sni.failure.code)
    else unclear.push(`${what}: ${sni.failure.message} (${sni.failure.code})`)
    const settled = unclear.length === 0 || findings.some((finding) => finding.grade === 'fail')
    return settled
      ? worst(findings)
      : inconclusive(
          'unobserved',
          unclear.join('; '),
          findings.map((finding) => finding.evidence),
        )
  },
  reproduce: (subject, target) => curlFor(target, `https://${subject.name}/`, { headers: [['Host', FOREIGN]], flags: ['-sS', '-i'] }),
  covers: ['A13', 'B7', 'E20'],
})

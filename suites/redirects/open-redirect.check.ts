import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValue } from '../../helpers/headers.ts'
import { type Attempt, attempt, type Observed } from '../../helpers/probe.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { atFirstAddress } from '../../helpers/probes/default-server.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor, requestSeen } from '../../helpers/reproduce.ts'
import type { Host } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { evidenceOf, isClosed, locationOf, noHosts, obstacle } from './shared.ts'

/** Reserved for documentation, so nobody can be sent to a real place by it (RFC 2606); the name that routing asks for too, so one look serves both. */
const EVIL = 'postproof-unknown.example'
const PAYLOADS = [`https://${EVIL}/`, `//${EVIL}/`, `/\\${EVIL}/`, `https:${EVIL}`]
const PATHS = [`//${EVIL}/%2e%2e`, `/%5C${EVIL}/`]

/** An edge refuses names that are not its own by hanging up (nginx `return 444`, Caddy `abort`): the request arrived, and nobody is sent anywhere. */
const hungUp = (seen: Observed<unknown>): boolean =>
  !seen.ok && (seen.failure.phase === 'request' || seen.failure.phase === 'response') && seen.failure.code !== 'TIMEOUT'

function questions(host: Host): Record<string, Attempt<HttpObservation>> {
  const asked: Record<string, Attempt<HttpObservation>> = {}
  const ask = (scheme: 'http' | 'https', path: string): void => {
    asked[`${scheme} ${path}`] = attempt(httpRequest({ scheme, host: host.fqdn, path }))
  }
  for (const path of PATHS) {
    ask('http', path)
    ask('https', path)
  }
  // The name decides who answers, and no host of the address has this one: asked once for them all.
  asked['http / forged'] = attempt(
    atFirstAddress(host.fqdn, 'http, a foreign name', (address) =>
      httpRequest({ scheme: 'http', host: address, headers: [['host', EVIL]], freshConnection: true }),
    ),
  )
  for (const parameter of host.declared.redirectParams ?? []) for (const payload of PAYLOADS) ask('https', `${parameter}${encodeURIComponent(payload)}`)
  return asked
}

export default defineCheck({
  id: 'redirects/open-redirect',
  title: 'Nobody can make the host redirect to a place of his choice',
  failureTitle: 'The host redirects to a place that the request chose',
  why: 'A link on a trusted name that ends elsewhere is the start of phishing, and hands over OAuth codes and tokens.',
  source: 'OWASP WSTG-CLNT-04; RFC 9700 §4.11',
  severity: 'medium',
  codes: {
    'redirects.open.path': {
      meaning: 'A path that begins with two slashes or a backslash becomes the host of the Location.',
      fix: 'nginx: merge_slashes on, and redirect to https://$host$request_uri; applications: collapse leading slashes.',
    },
    'redirects.open.host': {
      meaning: 'A forged Host header ends up in the Location.',
      fix: 'nginx: a default_server that refuses unknown names; redirect with fixed server names.',
    },
    'redirects.open.parameter': {
      meaning: 'A declared parameter sends the visitor to another site.',
      fix: 'Accept only paths that begin with one slash, or names from a list.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => questions(hostOf(subject)),
  judge: (seen) => {
    const findings: Finding[] = []
    const unknown: Evidence[] = []
    for (const [name, one] of Object.entries(seen)) {
      if (!one.ok) {
        if (name.endsWith(' forged') && hungUp(one)) {
          findings.push({
            grade: 'pass',
            evidence: { what: `http with Host: ${EVIL}`, expected: `no Location on ${EVIL}`, received: `refused (${one.failure.code})` },
          })
        } else if (!isClosed(one)) unknown.push({ what: name, expected: 'an answer', received: one.failure.code })
        continue
      }
      const location = headerValue(one.value.headers, 'location')
      const url = locationOf(one.value)
      const away =
        location !== undefined &&
        url !== undefined &&
        one.value.status >= 300 &&
        one.value.status < 400 &&
        (url.hostname === EVIL || url.hostname.endsWith(`.${EVIL}`))
      const evidence = evidenceOf(
        one.value,
        `no Location on ${EVIL}`,
        undefined,
        `${one.value.method} ${one.value.url}${name.endsWith(' forged') ? ` with Host: ${EVIL}` : ''}`,
      )
      const code = name.endsWith(' forged')
        ? 'redirects.open.host'
        : PATHS.some((path) => name.endsWith(path))
          ? 'redirects.open.path'
          : 'redirects.open.parameter'
      if (!away && obstacle(one.value) !== undefined) unknown.push(evidence)
      else findings.push(away ? { grade: 'fail', code, evidence } : { grade: 'pass', evidence })
    }
    if (findings.length === 0) return inconclusive('unobserved', 'no answer came to any of the questions', unknown)
    const verdict = worst(findings)
    return verdict.outcome === 'pass' && unknown.length > 0
      ? inconclusive('unobserved', `${unknown.length} of the questions brought no answer that tells`, unknown)
      : verdict
  },
  // One question of each kind that every host is asked: a forged name, and a path that begins with two slashes.
  reproduce: (subject, target, evidence) => {
    const { fqdn } = hostOf(subject)
    const seen = requestSeen(fqdn, evidence)
    if (seen !== undefined) return curlFor(target, seen.url)
    return `${curlFor(target, `http://${fqdn}/`, { headers: [['Host', EVIL]] })}; ${curlFor(target, `http://${fqdn}${PATHS[0] as string}`)}`
  },
})

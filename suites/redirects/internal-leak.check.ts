import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { headerValue } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { DEEP_PATH, evidenceOf, expectedLocation, internalName, isRedirect, locationOf, noHosts, plainRequest, urlOf } from './shared.ts'

export default defineCheck({
  id: 'redirects/internal-leak',
  title: 'Redirects name only public addresses',
  failureTitle: 'A redirect names something internal',
  why: 'A Location with a container name, an inner port or http sends visitors to where only the server can go, and shows how the inside is built.',
  source: 'OWASP WSTG-CONF; RFC 9110 §10.2.2',
  severity: 'high',
  codes: {
    'redirects.leak.name': {
      meaning: 'A Location names a private address or a name without a public domain.',
      fix: 'nginx: proxy_set_header Host $host; set the public URL in the application.',
    },
    'redirects.leak.port': {
      meaning: 'A Location carries a port that the public address does not have.',
      fix: 'nginx: port_in_redirect off; forward X-Forwarded-Port or set the public URL.',
    },
    'redirects.leak.scheme': {
      meaning: 'An https answer redirects to http: the application does not know that TLS ends before it.',
      fix: 'Forward X-Forwarded-Proto and let the application trust it.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => {
    const host = hostOf(subject)
    const https = (path: string) => attempt(httpRequest({ scheme: 'https', host: host.fqdn, path }))
    return { root: https(host.path), deep: https(DEEP_PATH), plain: attempt(plainRequest(host)), plainDeep: attempt(plainRequest(host, DEEP_PATH)) }
  },
  judge: (seen, { subject, target }) => {
    const wanted = urlOf(expectedLocation(hostOf(subject), '/'))?.host
    const findings: Finding[] = []
    let answers = 0
    for (const one of [seen.root, seen.deep, seen.plain, seen.plainDeep]) {
      if (!one.ok) continue
      answers += 1
      const location = isRedirect(one.value) ? headerValue(one.value.headers, 'location') : undefined
      if (location === undefined) continue
      const url = locationOf(one.value)
      const evidence = evidenceOf(one.value, 'a Location on a public name, without a port, over https')
      // A deployment may itself live on a name that only means something inside (home.lan); its own names are no leak.
      const own = url !== undefined && (url.hostname === target.domain || url.hostname.endsWith(`.${target.domain}`))
      const inside = url === undefined || own ? undefined : internalName(url.hostname)
      if (inside !== undefined)
        findings.push({ grade: 'fail', code: 'redirects.leak.name', evidence: { ...evidence, received: `${evidence.received} (${inside})` } })
      else if (own && url.port !== '' && url.host !== wanted) findings.push({ grade: 'fail', code: 'redirects.leak.port', evidence })
      else if (url?.protocol === 'http:' && one.value.url.startsWith('https:')) findings.push({ grade: 'fail', code: 'redirects.leak.scheme', evidence })
      else findings.push({ grade: 'pass', evidence })
    }
    if (answers === 0) return inconclusive('unobserved', 'no answer of this host came, over http or https')
    if (findings.length > 0) return worst(findings)
    return worst([
      {
        grade: 'pass',
        evidence: {
          what: `${answers} answers over http and https`,
          expected: 'no internal name, port or scheme in a Location',
          received: 'no redirect among them',
        },
      },
    ])
  },
  reproduce: (subject, target, evidence) => curlForSeen(target, `https://${hostOf(subject).fqdn}${hostOf(subject).path}`, evidence),
  covers: ['A21'],
})

import { defineCheck, hostOf, type Subject } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import { fail, pass } from '../../helpers/verdict.ts'
import { answered, evidenceOf, isClosed, locationOf } from './shared.ts'

/** What nginx, Apache and Go say to plain http on a port that speaks TLS. */
const TLS_ONLY = /plain HTTP request was sent to HTTPS port|speaking plain HTTP to an SSL-enabled server port|HTTP request to an HTTPS server/i

/** One host per address is enough for a port: the first, which is the domain itself where it is declared. */
const subjects = (target: Target): readonly Subject[] => {
  const host = target.hosts.find((one) => one.name === '@') ?? target.hosts[0]
  return host === undefined ? [] : (target.file.redirects?.alternativePorts ?? []).map((port) => ({ name: `${host.fqdn}:${port}`, host, item: port }))
}

export default defineCheck({
  id: 'redirects/alternative-ports',
  title: 'No other port serves the site over plain http',
  failureTitle: 'Another port serves the site over plain http',
  why: 'An application port that was published by accident goes round TLS, headers, limits and logins of the proxy.',
  source: 'redirects.alternativePorts of the target',
  severity: 'high',
  codes: {
    'redirects.alternative-port': {
      meaning: 'A port that must not speak plain http answers a request.',
      fix: 'Bind the port to 127.0.0.1 or do not publish it; only the proxy should reach it.',
    },
  },
  options: {},
  subjects,
  unless: { skip: 'not-declared', reason: 'redirects.alternativePorts is not declared' },
  needs: (subject) => ({
    plain: attempt(httpRequest({ scheme: 'http', host: hostOf(subject).fqdn, port: Number(subject.item) })),
    control: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: hostOf(subject).path })),
  }),
  judge: ({ plain, control }, { subject }) => {
    const what = `port ${String(subject.item)} of ${hostOf(subject).fqdn}`
    const expected = 'closed, or a redirect to https'
    if (isClosed(plain)) return pass({ what, expected, received: 'connection refused' })
    if (!plain.ok && (plain.failure.code.startsWith('HPE_') || plain.failure.code === 'UND_ERR_SOCKET'))
      return pass({ what, expected, received: `no HTTP (${plain.failure.code})` })
    // A firewall that drops is the usual way to close a port; silence counts only while the same address answers elsewhere.
    if (!plain.ok && plain.failure.code === 'TIMEOUT' && control.ok)
      return pass({ what, expected, received: 'no answer, while port 443 answers: filtered or silent' })
    const seen = answered(plain)
    if ('verdict' in seen) return seen.verdict
    const evidence = evidenceOf(seen.value, expected)
    if (seen.value.status === 400 && TLS_ONLY.test(bodyText(seen.value)))
      return pass({ ...evidence, received: `${evidence.received}: the port speaks TLS only` })
    return locationOf(seen.value)?.protocol === 'https:' && seen.value.status < 400 ? pass(evidence) : fail('redirects.alternative-port', evidence)
  },
  reproduce: (subject, target) => curlFor(target, `http://${subject.name}/`),
})

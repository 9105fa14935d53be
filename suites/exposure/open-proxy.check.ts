import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { RawHttpObservation } from '../../helpers/observations.ts'
import { attempt, isRefused, type Observed } from '../../helpers/probe.ts'
import { rawHttp } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { realPort } from '../../helpers/target.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'

/** Reserved for documentation (RFC 2606): its page is known, and nobody’s own. */
const FOREIGN = 'example.org'
const ABSOLUTE = `GET http://${FOREIGN}/ HTTP/1.1\r\nHost: ${FOREIGN}\r\nUser-Agent: postproof\r\nConnection: close\r\n\r\n`
/** The request behind the CONNECT goes through the tunnel, where one is made. */
const CONNECT = `CONNECT ${FOREIGN}:80 HTTP/1.1\r\nHost: ${FOREIGN}:80\r\nUser-Agent: postproof\r\n\r\nGET / HTTP/1.0\r\nHost: ${FOREIGN}\r\n\r\n`
const PAGE = /<title>Example Domain<\/title>/i

export default defineCheck({
  id: 'exposure/open-proxy',
  title: 'The server fetches nothing for strangers',
  failureTitle: 'The server fetches pages for strangers',
  why: 'An open proxy hides attackers behind your address and reaches what only the server can: databases, metadata services.',
  source: 'RFC 9112 §3.2.2; RFC 9110 §9.3.6; OWASP WSTG-CONF-05',
  severity: 'high',
  codes: {
    'exposure.open-proxy': {
      meaning: 'A request for a foreign site is carried out.',
      fix: 'nginx: never proxy_pass to $host or $http_host; Apache: ProxyRequests Off.',
    },
    'exposure.open-proxy.connect': { meaning: 'CONNECT to a foreign site is answered with success.', fix: 'Refuse CONNECT; Apache: ProxyRequests Off.' },
  },
  options: {},
  // The port belongs to the address, not to a name: one host speaks for all of them.
  subjects: (target) => {
    const host = target.hosts.find((one) => one.name === '@') ?? target.hosts[0]
    return host === undefined || realPort(target, 80) === undefined ? [] : [{ name: `${host.fqdn}:80`, host }]
  },
  unless: { skip: 'not-declared', reason: 'the target has no hosts, or no port 80 from here' },
  needs: (subject) => {
    const { fqdn } = hostOf(subject)
    return {
      absolute: attempt(rawHttp({ scheme: 'http', host: fqdn, bytes: ABSOLUTE })),
      connect: attempt(rawHttp({ scheme: 'http', host: fqdn, bytes: CONNECT })),
    }
  },
  judge: ({ absolute, connect }) => {
    const findings: Finding[] = []
    let silent = 0
    const look = (seen: Observed<RawHttpObservation>, what: string, judged: (one: RawHttpObservation, evidence: Evidence) => Finding): void => {
      const expected = 'anything but the foreign page'
      if (!seen.ok) {
        if (isRefused(seen)) findings.push({ grade: 'pass', evidence: { what, expected, received: 'connection refused' } })
        else silent += 1
        return
      }
      const one = seen.value
      const received = one.status === undefined ? `no answer, connection ${one.closed}` : `status ${one.status}, ${one.body.length} bytes`
      findings.push(judged(one, { what, expected, received, where: one.peer, at: one.at }))
    }
    look(absolute, `GET http://${FOREIGN}/`, (one, evidence) =>
      PAGE.test(Buffer.from(one.body).toString('latin1')) && (one.status ?? 0) < 300
        ? { grade: 'fail', code: 'exposure.open-proxy', evidence: { ...evidence, received: `${evidence.received}: the page of ${FOREIGN}` } }
        : { grade: 'pass', evidence },
    )
    look(connect, `CONNECT ${FOREIGN}:80`, (one, evidence) => {
      if (one.status === undefined || one.status < 200 || one.status > 299) return { grade: 'pass', evidence }
      // Some servers say 200 to any method with their own page: only a tunnel brings the foreign one.
      return PAGE.test(Buffer.from(one.body).toString('latin1'))
        ? { grade: 'fail', code: 'exposure.open-proxy', evidence: { ...evidence, received: `${evidence.received}: a tunnel to ${FOREIGN}` } }
        : { grade: 'warn', code: 'exposure.open-proxy.connect', severity: 'medium', evidence }
    })
    if (findings.some((one) => one.grade !== 'pass')) return worst(findings)
    if (silent > 0) return inconclusive('unobserved', 'port 80 gave no answer to judge')
    return worst(findings)
  },
  reproduce: (subject, target) =>
    curlFor(target, `http://${hostOf(subject).fqdn}/`, { flags: ['-sS', '-i', '--request-target', `http://${FOREIGN}/`], headers: [['Host', FOREIGN]] }),
})

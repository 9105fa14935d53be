import { defineCheck } from '../../helpers/check.ts'
import { gatewayUpstream } from '../../helpers/probes/forward-auth.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { eachGateway, guardedOf, undeclared } from './shared.ts'

export default defineCheck({
  id: 'forward-auth/origin-direct',
  title: 'Nobody reaches the application past the login',
  failureTitle: 'The application is reachable past the login',
  why: 'Whoever reaches the port of the container writes the identity headers himself.',
  source: 'CWE-923; OWASP ASVS 4.1.3',
  severity: 'critical',
  codes: {
    'forward-auth.direct.open': {
      meaning: 'The application answers at its own address, without a login.',
      fix: 'Publish no port of the container (expose, not ports), or bind it to 127.0.0.1.',
    },
    'forward-auth.direct.reachable': {
      meaning: 'The application’s own address answers, though with a refusal.',
      fix: 'Close the port for everybody but the proxy.',
    },
  },
  options: {},
  subjects: eachGateway(({ gateway }) => gateway.upstreams !== undefined),
  unless: undeclared('upstreams'),
  needs: (subject, target) =>
    Object.fromEntries(
      (guardedOf(subject).gateway.upstreams ?? []).flatMap((upstream, index) => {
        const host = target.hosts.find(({ name }) => name === upstream.host)
        return host === undefined ? [] : [[`at${index}`, gatewayUpstream(upstream, host)]]
      }),
    ),
  judge: (seen) => {
    const findings = Object.values(seen).map(({ address, port, failure, answer }): Finding => {
      const where = `${address}:${port}`
      if (answer === undefined)
        return { grade: 'pass', evidence: { what: 'the application at its own address', expected: 'unreachable', received: failure ?? 'refused', where } }
      const item = {
        what: 'the application at its own address',
        expected: 'unreachable',
        received: `${answer.status}${answer.location === undefined ? '' : ` to ${answer.location}`}, ${answer.bytes} bytes`,
        where,
      }
      return answer.status < 300 && !answer.loginPage
        ? { grade: 'fail', code: 'forward-auth.direct.open', evidence: item }
        : { grade: 'warn', code: 'forward-auth.direct.reachable', evidence: item }
    })
    const silent = Object.values(seen).find(
      ({ answer, refused, failure }) =>
        answer === undefined &&
        !refused &&
        failure !== undefined &&
        !/^(?:TIMEOUT|UND_ERR_CONNECT_TIMEOUT|EHOSTUNREACH|ENETUNREACH|ECONNREFUSED|ETIMEDOUT)/.test(failure),
    )
    if (silent !== undefined && findings.every(({ grade }) => grade === 'pass'))
      return inconclusive(
        'unobserved',
        `${silent.address}:${silent.port}: ${silent.failure ?? ''}`,
        findings.map((one) => one.evidence),
      )
    return findings.length === 0 ? inconclusive('misused', 'upstreams name no declared host') : worst(findings)
  },
  reproduce: (subject, target) => {
    const upstream = guardedOf(subject).gateway.upstreams?.[0]
    const host = target.hosts.find(({ name }) => name === upstream?.host)
    return curlFor(target, `http://${host?.fqdn ?? ''}:${upstream?.port ?? 80}/`, upstream === undefined ? {} : { address: upstream.address })
  },
})

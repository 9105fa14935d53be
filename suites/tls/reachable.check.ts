import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isUnroutable } from '../../helpers/probe.ts'
import { tlsEveryAddress } from '../../helpers/probes/tls.ts'
import { type Evidence, type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/reachable',
  title: 'Every address completes a TLS handshake',
  failureTitle: 'An address does not complete a TLS handshake',
  why: 'A name with one dead address of several fails for a part of the visitors, and browsers that try the next address hide it from everybody else.',
  source: 'RFC 8446 §4; RFC 8305 (why it stays hidden)',
  severity: 'critical',
  codes: {
    'tls.unreachable': {
      meaning: 'An address of the host refused, closed or did not answer a TLS handshake.',
      fix: 'Look at the listener on that address (nginx: `listen [::]:443 ssl`), the firewall, and the DNS record; remove the record if nothing serves it.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ addresses: tlsEveryAddress(hostOf(subject).fqdn) }),
  judge: ({ addresses }) => {
    const findings: Finding[] = []
    const unseen: Evidence[] = []
    for (const { address, seen } of addresses) {
      const what = `handshake with ${address}`
      const expected = 'completes'
      if (seen.ok) {
        const received = `${seen.value.protocol} ${seen.value.cipher} in ${seen.value.handshakeMs} ms`
        findings.push({ grade: 'pass', evidence: { what, expected, received, where: seen.value.peer, at: seen.value.at } })
        continue
      }
      const { code, message, phase } = seen.failure
      const evidence = { what, expected, received: `${phase}: ${message} (${code}), tries: ${seen.attempts}`, where: address, at: seen.startedAt }
      if (code === 'UNMAPPED') return inconclusive('misused', `network.ports has no entry for https: ${message}`, evidence)
      // OpenSSL stops at 100 kB of certificates; browsers do not.
      if (code === 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE')
        return inconclusive('unobserved', 'the server answers with more than 100 kB of certificates, which our TLS library does not take', evidence)
      if (isUnroutable(seen.failure, address)) unseen.push(evidence)
      else findings.push({ grade: 'fail', code: 'tls.unreachable', evidence })
    }
    const verdict = worst(findings)
    if (unseen.length === 0 || verdict.outcome === 'fail') return verdict
    const reason = `this machine has no way to ${unseen.map(({ where }) => where).join(', ')}`
    return findings.length === 0
      ? inconclusive('unobserved', reason, unseen)
      : skip('no-access', `${reason}; network.ipv6: false judges the other addresses alone`, [...unseen, ...verdict.evidence])
  },
  reproduce: openssl(),
  covers: ['A14', 'A18', 'B14'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificateNames } from '../../helpers/probes/dns-zone.ts'
import { digFor, opensslFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { addressesIn, dnsHosts, lookLine, noDns } from './shared.ts'

export default defineCheck({
  id: 'dns/certificate-names',
  title: 'Every name in the certificate resolves, and is declared',
  failureTitle: 'The certificate names hosts that do not resolve, or that nobody declared',
  why: 'A name without a record makes the whole renewal fail; one that resolves and is not declared is a host that nobody looks after.',
  source: 'RFC 8555 §7.1.4 (an order needs every name validated); hosts of the target',
  severity: 'medium',
  codes: {
    'dns.certificate.unresolved': {
      meaning: 'A name in the certificate does not resolve.',
      fix: 'Create the record, or take the name out of the certificate before its renewal.',
    },
    'dns.certificate.undeclared': {
      meaning: 'A name in the certificate resolves, and the target does not declare it.',
      fix: 'Declare the host, or remove it.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject, target) => ({ seen: certificateNames(hostOf(subject).fqdn, target.domain) }),
  judge: ({ seen }, { target }) => {
    const declared = new Set(target.hosts.map((host) => host.fqdn))
    const findings: Finding[] = []
    const unknown: string[] = []
    for (const { name, a, aaaa } of seen.names) {
      const resolves = addressesIn(a, aaaa).length > 0
      const received = `A ${lookLine(a)}; AAAA ${lookLine(aaaa)}`
      const base = { what: `${name} in the certificate`, received, where: seen.tls.peer, at: seen.tls.at }
      if (resolves) {
        // In bare-domain mode nothing is declared: what was found is all there is.
        const known = declared.has(name) || target.discovered
        const evidence = { ...base, expected: 'a declared host that resolves' }
        findings.push(known ? { grade: 'pass', evidence } : { grade: 'warn', code: 'dns.certificate.undeclared', evidence })
      } else if ([a, aaaa].every((one) => one.ok && (one.value.rcode === 'NOERROR' || one.value.rcode === 'NXDOMAIN'))) {
        findings.push({ grade: 'fail', code: 'dns.certificate.unresolved', evidence: { ...base, expected: 'a name that resolves' } })
      } else unknown.push(`${name}: ${received}`)
    }
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (unknown.length > 0)
      return inconclusive(
        'unobserved',
        `not answered: ${unknown.join('; ')}`,
        findings.map((one) => one.evidence),
      )
    if (findings.length === 0) {
      const names = seen.tls.chain[0]?.dnsNames ?? []
      // Another certificate than ours (tls/hostname-match tells), or wildcards alone: no name to ask for.
      return worst([
        {
          grade: 'pass',
          evidence: {
            what: 'names in the certificate',
            expected: 'single names below the domain, if any',
            received: names.join(', ').slice(0, 500) || 'none',
            where: seen.tls.peer,
            at: seen.tls.at,
          },
        },
      ])
    }
    return worst(findings)
  },
  reproduce: (subject, target) =>
    `${opensslFor(target, hostOf(subject).fqdn, [])} 2>/dev/null | openssl x509 -noout -ext subjectAltName; ${digFor(target, hostOf(subject).fqdn, 'A')}`,
  covers: ['A3', 'E89'],
})

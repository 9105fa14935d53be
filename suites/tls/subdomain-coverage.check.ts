import { defineCheck, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { readStrictTransportSecurity } from '../../helpers/grammar/strict-transport-security.ts'
import { isUnroutable } from '../../helpers/probe.ts'
import type { CertificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type FoundName, subdomains, type Subdomains } from '../../helpers/probes/subdomains.ts'
import { type Evidence, type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { certificateLine, datesHold, judgedPath, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** What a browser would refuse at this name; undefined: nothing. */
function refusal(name: string, paths: CertificatePaths, now: Date): string | undefined {
  const leaf = paths.served[0]
  if (leaf === undefined) return 'no readable certificate'
  const reasons: string[] = []
  if (!matchServerName(name, leaf).matches) reasons.push(`its certificate does not name it (${leaf.dnsNames.slice(0, 5).join(', ') || 'no names'})`)
  const outside = judgedPath(paths, now).find((one) => !datesHold(one, now))
  if (outside !== undefined) reasons.push(`${certificateLine(outside)} is valid from ${outside.notBefore} to ${outside.notAfter}`)
  if (paths.paths.length === 0 && paths.fetched?.result !== 'completes') reasons.push('its certificate leads to no trusted root')
  if (paths.paths.length === 0 && paths.fetched?.result === 'completes') reasons.push('an intermediate certificate is not served')
  return reasons.length === 0 ? undefined : reasons.join('; ')
}

/** The domain's own policy covers every name below it (RFC 6797 §6.1.2); the first header counts. */
function covers(policy: Subdomains['domainPolicy']): boolean {
  const [first] = policy?.ok === true ? policy.value : []
  if (first === undefined) return false
  const read = readStrictTransportSecurity(first)
  return read.ok && read.includeSubDomains && read.maxAge > 0
}

const resolvedTo = (found: FoundName): string => (found.resolved.ok ? found.resolved.value.addresses.map(({ address }) => address).join(', ') : '')

export default defineCheck({
  id: 'tls/subdomain-coverage',
  title: 'Every other name in the certificate is served as well as the declared hosts',
  failureTitle: 'A name in the certificate resolves and is not served as it should be',
  why: 'A certificate names hosts that nobody looks after any more: they still resolve, expire unnoticed or answer nothing, and under HSTS with includeSubDomains visitors cannot get past the fault.',
  source: 'RFC 6797 §6.1.2, §12.1; names of the served certificates that the target does not declare',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'tls.subdomain.invalid-under-hsts': {
      meaning: 'A name of the certificate serves one that browsers refuse, and HSTS of the domain covers it: there is no way past the warning.',
      fix: 'Serve a good certificate at that name, or take its record out of the zone and its name out of the certificate.',
    },
    'tls.subdomain.invalid': {
      meaning: 'A name of the certificate serves one that browsers refuse.',
      fix: 'Serve a good certificate at that name, or take its record out of the zone and its name out of the certificate.',
    },
    'tls.subdomain.silent': {
      meaning: 'A name of the certificate resolves, and nothing completes a handshake there.',
      fix: 'Take the record out of the zone: an address that is given away again would answer in your name. Or declare the host and start it.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject, target) => ({
    seen: subdomains(
      hostOf(subject).fqdn,
      target.domain,
      target.hosts.map(({ fqdn }) => fqdn),
    ),
  }),
  judge: ({ seen }, { now }) => {
    const { tls, found, domainPolicy } = seen
    const covered = covers(domainPolicy)
    const open: Evidence[] = []
    const findings: Finding[] = []
    for (const one of found) {
      const what = `${one.name} in the certificate`
      const evidence = (received: string): Evidence => seenAt(tls, what, 'a good certificate where it resolves', received)
      if (!one.resolved.ok) {
        // Whether a name resolves at all is for dns/certificate-names.
        if (['NXDOMAIN', 'NODATA', 'ENOTFOUND'].includes(one.resolved.failure.code)) findings.push({ grade: 'pass', evidence: evidence('does not resolve') })
        else open.push(evidence(one.resolved.failure.message))
      } else if (one.wildcard) {
        findings.push({ grade: 'pass', evidence: evidence(`resolves to ${resolvedTo(one)} as any name does (wildcard record): not judged`) })
      } else if (one.inside) {
        findings.push({ grade: 'pass', evidence: evidence(`leads inside (${resolvedTo(one)}): not asked`) })
      } else if (one.paths?.ok === true) {
        const reason = refusal(one.name, one.paths.value, now)
        if (reason === undefined) findings.push({ grade: 'pass', evidence: evidence(`good at ${one.paths.value.tls.peer}`) })
        else if (covered) {
          const received = `${reason}; the domain's Strict-Transport-Security covers it`
          findings.push({ grade: 'fail', code: 'tls.subdomain.invalid-under-hsts', evidence: evidence(received) })
        } else findings.push({ grade: 'warn', code: 'tls.subdomain.invalid', evidence: evidence(reason) })
      } else if (one.paths !== undefined) {
        const { failure } = one.paths
        const address = one.resolved.value.addresses[0]?.address ?? ''
        if (isUnroutable(failure, address) || failure.code === 'UNMAPPED' || failure.phase === 'internal') open.push(evidence(failure.message))
        else findings.push({ grade: 'warn', code: 'tls.subdomain.silent', evidence: evidence(`resolves to ${resolvedTo(one)}: ${failure.message}`) })
      }
    }
    if (findings.some(({ grade }) => grade !== 'pass')) return worst(findings)
    if (open.length > 0)
      return inconclusive('unobserved', 'whether these names are served could not be told', [...open, ...findings.map(({ evidence }) => evidence)])
    const rest = seen.left > 0 ? `; ${seen.left} more were not looked at` : ''
    findings.push({
      grade: 'pass',
      evidence: seenAt(
        tls,
        'names in the certificate',
        'declared, or served as well',
        `${seen.inCertificate} single names below the domain, ${found.length + seen.left} not declared${rest}`,
      ),
    })
    return worst(findings)
  },
  reproduce: (subject, target) => `${showCertificate(subject, target)} -ext subjectAltName`,
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { type CertificatePaths, certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { certificateLine, datesHold, DAY_MS, HOUR_MS, judgedPath, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

/** A root's dates are looked at by libraries, not by browsers (RFC 5280 §6.1.1 (d) leaves them out): for a root of one's own, libraries are whom it is for. */
function rootOf(paths: CertificatePaths, now: Date): readonly Finding[] {
  const roots = paths.paths.flatMap(({ certificates, anchor }) => {
    const certificate = certificates.at(-1)
    return certificate === undefined || certificates.length < 2 ? [] : [{ certificate, anchor }]
  })
  const [first] = roots
  if (first === undefined || roots.some(({ certificate }) => datesHold(certificate, now))) return []
  const { certificate, anchor } = first
  const evidence = seenAt(paths.tls, `root ${certificateLine(certificate)}`, 'within its dates', `${certificate.notBefore} to ${certificate.notAfter}`)
  return [{ grade: anchor === 'declared' ? 'fail' : 'warn', code: 'tls.root-expired', evidence, severity: anchor === 'declared' ? 'high' : 'medium' }]
}

export default defineCheck({
  id: 'tls/validity',
  title: 'Every certificate on the path is within its dates',
  failureTitle: 'A certificate on the path is outside its dates',
  why: 'Clients refuse the whole connection when one certificate of the path has expired or is not valid yet; libraries do not say which one it is.',
  source: 'RFC 5280 §4.1.2.5; intermediate thresholds 40 and 20 days as testssl.sh',
  severity: 'critical',
  clockSensitive: true,
  codes: {
    'tls.expired': {
      meaning: 'A certificate on the path has expired.',
      fix: 'Renew it and reload the server; then find out why automatic renewal did not run.',
    },
    'tls.not-yet-valid': {
      meaning: 'A certificate on the path is not valid yet.',
      fix: 'Check the clock of the machine that issued it; serve the previous certificate until then.',
    },
    'tls.root-expired': {
      meaning: 'The root of every path has expired. Most browsers do not mind; OpenSSL (curl, Python, PHP, Node) and Go refuse the connection.',
      fix: 'Renew the root, give it to all clients, and have the intermediate issued by it; until then serve a path to another root.',
    },
    'tls.just-issued': {
      meaning: 'The leaf became valid less than an hour ago: clients with a slow clock refuse it.',
      fix: 'Nothing, if you have just renewed it.',
    },
    'tls.intermediate-expiring': { meaning: 'An intermediate of the path expires soon.', fix: 'Take the new intermediate from the CA and serve it.' },
  },
  options: { intermediateDays: 40, intermediateCriticalDays: 20 },
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { now, options }) => {
    const findings = judgedPath(paths, now).map((certificate, index): Finding => {
      const left = (Date.parse(certificate.notAfter) - now.getTime()) / DAY_MS
      const age = now.getTime() - Date.parse(certificate.notBefore)
      const evidence = seenAt(
        paths.tls,
        `${index === 0 ? 'leaf' : 'intermediate'} ${certificateLine(certificate)}`,
        `notBefore ≤ ${now.toISOString()} ≤ notAfter`,
        `${certificate.notBefore} to ${certificate.notAfter}`,
      )
      if (age < 0) return { grade: 'fail', code: 'tls.not-yet-valid', evidence }
      if (!(left >= 0)) return { grade: 'fail', code: 'tls.expired', evidence }
      if (index === 0) return age < HOUR_MS ? { grade: 'warn', code: 'tls.just-issued', evidence, severity: 'low' } : { grade: 'pass', evidence }
      if (left > options.intermediateDays) return { grade: 'pass', evidence }
      return { grade: 'warn', code: 'tls.intermediate-expiring', evidence, severity: left <= options.intermediateCriticalDays ? 'high' : 'medium' }
    })
    return worst(findings.some(({ grade }) => grade === 'fail') ? findings : [...rootOf(paths, now), ...findings])
  },
  reproduce: showCertificate,
  covers: ['A14', 'B9', 'C4', 'D3', 'E21'],
})

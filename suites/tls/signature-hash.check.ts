import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { certificateLine, judgedPath, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

const STRONG: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512', 'SHAKE256', 'SHA-224'])
const BROKEN: ReadonlySet<string> = new Set(['MD2', 'MD5'])

export default defineCheck({
  id: 'tls/signature-hash',
  title: 'Certificates are signed with SHA-2',
  failureTitle: 'A certificate is signed with a broken hash',
  why: 'Collisions of MD5 and SHA-1 let somebody forge a certificate; browsers refuse both. The root’s own signature does not matter and is not judged.',
  source: 'CA/Browser Forum BR §7.1.3.2; RFC 9155',
  severity: 'high',
  codes: {
    'tls.signature.weak': { meaning: 'A certificate on the path is signed with MD2, MD5 or SHA-1.', fix: 'Issue it again with SHA-256.' },
    'tls.signature.unknown': {
      meaning: 'The signature algorithm is not one we know.',
      fix: 'Look it up by its OID; use ECDSA or RSA with SHA-256 where clients must be served.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { now }) =>
    worst(
      judgedPath(paths, now).map((certificate): Finding => {
        const { name, hash } = certificate.signature
        const evidence = seenAt(paths.tls, `signature of ${certificateLine(certificate)}`, 'SHA-2 (or EdDSA)', `${name} (${hash})`)
        if (STRONG.has(hash)) return { grade: 'pass', evidence }
        if (hash === 'SHA-1' || BROKEN.has(hash))
          return { grade: 'fail', code: 'tls.signature.weak', evidence, severity: BROKEN.has(hash) ? 'critical' : 'high' }
        return { grade: 'warn', code: 'tls.signature.unknown', evidence }
      }),
    ),
  reproduce: showCertificate,
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { type RsaWeakness, rsaModulus, rsaWeakness } from '../../helpers/grammar/rsa-key.ts'
import type { CertificateFacts } from '../../helpers/observations.ts'
import { certificatePaths } from '../../helpers/probes/certificate-path.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { certificateLine, judgedPath, noHosts, seenAt, showCertificate, tlsHosts } from './shared.ts'

const WEAKNESSES: Readonly<Record<RsaWeakness, string>> = {
  roca: 'its modulus has the marks of the ROCA library (CVE-2017-15361)',
  'close-primes': 'its two primes lie so close together that they are found at once',
  'small-factor': 'its modulus has a small factor',
}

const shown = ({ key }: CertificateFacts): string =>
  `${key.type === 'rsa' ? 'RSA' : key.type === 'ec' ? 'EC' : key.type} ${key.bits} bits${key.curve === undefined ? '' : ` (${key.curve})`}${key.exponent === undefined ? '' : `, exponent ${key.exponent}`}`

/** Grade of a key by what is written in the certificate, whatever the security level of our own library. */
export function keyGrade({ key }: CertificateFacts): 'pass' | 'warn' | 'fail' {
  switch (key.type) {
    case 'rsa': {
      const exponent = key.exponent !== undefined && /^\d+$/.test(key.exponent) ? BigInt(key.exponent) : undefined
      if (exponent !== undefined && (exponent <= 1n || exponent % 2n === 0n)) return 'fail'
      return key.bits >= 2048 ? 'pass' : 'fail'
    }
    case 'ec':
      if (key.bits >= 256) return 'pass'
      return key.bits >= 224 ? 'warn' : 'fail'
    case 'ed25519':
    case 'ed448':
      return 'pass'
    case 'dsa':
      return 'fail'
    case 'other':
      return 'warn'
    default:
      return key.type satisfies never
  }
}

export default defineCheck({
  id: 'tls/key-strength',
  title: 'Keys are long enough',
  failureTitle: 'A key on the path is too weak',
  why: 'A weak key can be broken, and then anybody can pose as the host. What a TLS library says of it depends on its version, so the bits are read from the certificate.',
  source: 'CA/Browser Forum BR §6.1.1.3, §6.1.5; NIST SP 800-57 part 1; NCSC-NL TLS 2025-05',
  severity: 'high',
  codes: {
    'tls.key.weak': {
      meaning: 'RSA below 2048 bits, a bad RSA exponent, an EC key below 224 bits, or DSA.',
      fix: 'Make a new key (P-256, or RSA 2048 and more) and a certificate for it.',
    },
    'tls.key.broken': {
      meaning:
        'The RSA key is long enough, but can be taken apart: made by the ROCA library (CVE-2017-15361), of two primes close together, or with a small factor.',
      fix: 'Make a new key with another tool (openssl, certbot, caddy), never on the device that made this one, and revoke the old certificate.',
    },
    'tls.key.short': { meaning: 'An EC key of 224 bits, or a key type that few clients know.', fix: 'Use P-256 or RSA 2048 and more.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ paths: certificatePaths(hostOf(subject).fqdn) }),
  judge: ({ paths }, { now }) =>
    worst(
      judgedPath(paths, now).map((certificate): Finding => {
        const evidence = seenAt(paths.tls, `key of ${certificateLine(certificate)}`, 'RSA ≥ 2048, EC ≥ 256, Ed25519 or Ed448', shown(certificate))
        const modulus = certificate.key.type === 'rsa' ? rsaModulus(certificate.raw) : undefined
        const weakness = modulus === undefined ? undefined : rsaWeakness(modulus)
        if (weakness !== undefined) {
          const received = `${shown(certificate)}: ${WEAKNESSES[weakness]}`
          return { grade: 'fail', code: 'tls.key.broken', severity: 'critical', evidence: { ...evidence, received } }
        }
        const grade = keyGrade(certificate)
        if (grade === 'pass') return { grade, evidence }
        return grade === 'fail' ? { grade, code: 'tls.key.weak', evidence } : { grade, code: 'tls.key.short', evidence }
      }),
    ),
  reproduce: showCertificate,
  covers: ['C3'],
})

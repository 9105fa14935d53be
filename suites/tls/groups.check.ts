import { defineCheck, hostOf } from '../../helpers/check.ts'
import { groupName, versionName } from '../../helpers/grammar/tls-names.ts'
import { everyGroup } from '../../helpers/probes/tls-behaviour.ts'
import { fail, inconclusive, pass, type Severity, skip, warn } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth } from './depth.ts'
import { helloProof, openssl } from './shared.ts'

/** Curves of less than 224 bits (IANA numbers): those of at most 163 break within reach of a determined attacker. */
const WEAK_BITS: Readonly<Record<number, number>> = {
  1: 163,
  2: 163,
  3: 163,
  4: 193,
  5: 193,
  15: 160,
  16: 160,
  17: 160,
  18: 192,
  19: 192,
}

export default defineCheck({
  id: 'tls/groups',
  title: 'No weak group is accepted for the key exchange',
  failureTitle: 'Weak groups are accepted for the key exchange',
  why: 'An elliptic curve of 160 bits can be broken with means that exist; a client that still offers it would get it. More strong groups than needed do no harm.',
  source: 'RFC 8446 §4.2.7; RFC 8422 §5.1.1; testssl.sh (163 bits medium, 193 low)',
  severity: 'low',
  codes: {
    'tls.groups.weak': { meaning: 'Curves of less than 224 bits are accepted.', fix: 'nginx: ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1.' },
    'tls.groups.unusual': {
      meaning: 'None of X25519, P-256 and P-384 is accepted: many clients know no other.',
      fix: 'nginx: ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ groups: everyGroup({ host: hostOf(subject).fqdn }) }),
  judge: ({ groups: { accepted, ends, peer } }) => {
    const names = accepted.map(({ group, version }) => `${groupName(group)} (${versionName(version)})`)
    const proofs = ends.map(({ version, end }) => ({ version, proof: end === 'more' ? undefined : helloProof(end, (hello) => hello.group !== undefined) }))
    const weak = accepted.filter(({ group }) => WEAK_BITS[group] !== undefined)
    const evidence = {
      what: 'groups accepted, each asked for in turn',
      expected: 'none of less than 224 bits',
      received: names.length === 0 ? proofs.map(({ version, proof }) => `${version}: ${proof?.how ?? 'all'}`).join('; ') : names.join(', '),
      ...(peer === undefined ? {} : { where: peer }),
    }
    if (weak.length > 0) {
      const smallest = Math.min(...weak.map(({ group }) => WEAK_BITS[group] ?? 0))
      const severity: Severity = smallest <= 163 ? 'medium' : 'low'
      return fail('tls.groups.weak', evidence, severity)
    }
    const unknown = proofs.find(({ proof }) => proof?.result === 'unknown')
    if (unknown !== undefined) return inconclusive('unobserved', `the series of ${unknown.version} broke off: ${unknown.proof?.how ?? ''}`, evidence)
    if (accepted.length === 0) return skip('not-applicable', 'no group is accepted: the key exchange is RSA or DHE with a prime of its own', evidence)
    return accepted.some(({ group }) => group === 29 || group === 23 || group === 24) ? pass(evidence) : warn('tls.groups.unusual', evidence)
  },
  reproduce: openssl(['-groups', 'sect163k1:sect163r2:sect193r1:secp160k1:secp192k1:prime192v1:prime256v1', '-tls1_2', '-cipher', 'ECDHE:@SECLEVEL=0']),
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { versionName } from '../../helpers/grammar/tls-names.ts'
import { fallbackLook } from '../../helpers/probes/tls-behaviour.ts'
import { inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, noHosts, openssl, tlsHosts } from './shared.ts'

const INAPPROPRIATE_FALLBACK = 86

export default defineCheck({
  id: 'tls/fallback-scsv',
  title: 'Nobody can talk a client down to an older version',
  failureTitle: 'A client that was talked down to an older version is not warned',
  why: 'Somebody in between can break connections until a client tries an older version; a server that knows TLS_FALLBACK_SCSV refuses that attempt.',
  source: 'RFC 7507 §3',
  severity: 'low',
  codes: {
    'tls.fallback.accepted': {
      meaning: 'A hello that says it fell back was accepted although the server knows a newer version.',
      fix: 'Refuse TLS 1.0 and 1.1 (nginx: ssl_protocols TLSv1.2 TLSv1.3;), or update the TLS library.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ look: fallbackLook({ host: hostOf(subject).fqdn }) }),
  judge: ({ look: { asked, accepted, fallback } }) => {
    if (fallback !== undefined) {
      const proof = helloProof(fallback, () => true)
      const evidence = helloEvidence(
        fallback,
        `hello of at most ${versionName(accepted[1] ?? 0)} that says it fell back`,
        'alert inappropriate_fallback (86)',
        proof.how,
      )
      if (proof.result === 'accepted') return warn('tls.fallback.accepted', evidence)
      if (fallback.ok && fallback.value.flight.alert?.description === INAPPROPRIATE_FALLBACK) return pass(evidence)
      return inconclusive('unobserved', `whether a fallback is noticed is not known: ${proof.how}`, evidence)
    }
    const proofs = asked.map(({ version, seen }) => ({ version, seen, proof: helloProof(seen, (hello) => hello.version <= version) }))
    const evidence = proofs.map(({ version, seen, proof }) =>
      helloEvidence(
        seen,
        `hello that offers ${versionName(version)} and nothing above ${version === 0x0303 ? 'it' : 'TLS 1.1'}`,
        'at most one version below TLS 1.3 accepted',
        proof.how,
      ),
    )
    const unknown = proofs.filter(({ proof }) => proof.result === 'unknown')
    if (unknown.length > 0 && accepted.length + unknown.length > 1)
      return inconclusive('unobserved', `how many versions are accepted is not known: ${unknown[0]?.proof.how ?? ''}`, evidence)
    return pass(evidence)
  },
  reproduce: openssl(['-tls1_1', '-fallback_scsv', '-cipher', 'ALL:@SECLEVEL=0']),
})

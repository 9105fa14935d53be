import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { openssl, seenAt } from './shared.ts'

export default defineCheck({
  id: 'tls/pq-kex',
  title: 'Key exchange holds against a quantum computer to come',
  failureTitle: 'Key exchange does not hold against a quantum computer to come',
  why: 'Traffic recorded today can be read later once quantum computers can break X25519. Browsers offer X25519MLKEM768 first since 2024.',
  source: 'RFC 10024; TLSRef 6.0',
  severity: 'medium',
  codes: {
    'tls.pq.missing': {
      meaning: 'A classical group was negotiated though X25519MLKEM768 was offered first.',
      fix: 'Update the TLS library (OpenSSL 3.5, Go 1.24) and leave its default groups (nginx: no ssl_ecdh_curve).',
    },
    'tls.pq.other-group': { meaning: 'Another post-quantum group than browsers offer was negotiated.', fix: 'Put X25519MLKEM768 first.' },
  },
  options: { required: false },
  subjects: eachHost((host) => host.tls.maxVersion !== 'TLSv1.2'),
  unless: { skip: 'not-applicable', reason: 'the target declares tls.maxVersion TLSv1.2, which has no post-quantum key exchange' },
  needs: (subject) => ({ tls: ordinary(hostOf(subject)) }),
  judge: ({ tls }, { options }) => {
    const evidence = seenAt(tls, 'group of the key exchange, X25519MLKEM768 offered first', 'X25519MLKEM768', `${tls.group ?? 'unknown'} (${tls.protocol})`)
    if (tls.group === 'X25519MLKEM768') return pass(evidence)
    if (tls.group === undefined && tls.protocol === 'TLSv1.3')
      return inconclusive('unobserved', 'this runtime does not tell which group was negotiated (Node 24 does)', evidence)
    if (tls.group !== undefined && /MLKEM/i.test(tls.group)) return warn('tls.pq.other-group', evidence)
    return options.required ? fail('tls.pq.missing', evidence) : warn('tls.pq.missing', evidence)
  },
  reproduce: openssl(['-groups', 'X25519MLKEM768:X25519']),
})

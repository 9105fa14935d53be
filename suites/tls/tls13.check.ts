import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { openssl, seenAt } from './shared.ts'

export default defineCheck({
  id: 'tls/tls13',
  title: 'TLS 1.3 is spoken',
  failureTitle: 'TLS 1.3 is not spoken',
  why: 'TLS 1.3 saves a round trip, encrypts the certificate, and is where post-quantum key exchange lives.',
  source: 'RFC 8446; RFC 9325 §3.1.1; SSL Labs guide 2009r',
  severity: 'medium',
  codes: {
    'tls.tls13.missing': {
      meaning: 'The server chose TLS 1.2 though 1.3 was offered.',
      fix: 'nginx: ssl_protocols TLSv1.2 TLSv1.3 with OpenSSL 1.1.1 or newer.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.maxVersion !== 'TLSv1.2'),
  unless: { skip: 'not-applicable', reason: 'the target declares tls.maxVersion TLSv1.2' },
  needs: (subject) => ({ tls: ordinary(hostOf(subject)) }),
  judge: ({ tls }) => {
    const evidence = seenAt(tls, 'version chosen when 1.2 and 1.3 are offered', 'TLSv1.3', tls.protocol)
    return tls.protocol === 'TLSv1.3' ? pass(evidence) : warn('tls.tls13.missing', evidence)
  },
  reproduce: openssl(['-tls1_3']),
  covers: ['C1', 'E24'],
})

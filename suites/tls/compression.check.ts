import { defineCheck, hostOf } from '../../helpers/check.ts'
import { tls12Look, tls12Small } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { noHosts, showHello, tlsHosts } from './shared.ts'
import { featureEvidence, noTls12, refusesTls12, tls12Hello } from './suites.ts'

export default defineCheck({
  id: 'tls/compression',
  title: 'TLS does not compress',
  failureTitle: 'TLS compresses',
  why: 'The length of compressed traffic tells which guesses were right: cookies are read that way (CRIME). Libraries of today cannot ask for it and so hide that a server does it.',
  source: 'RFC 9325 §3.3; CVE-2012-4929 (CRIME)',
  severity: 'high',
  codes: {
    'tls.compression.used': {
      meaning: 'The server chooses DEFLATE where it is offered.',
      fix: 'Apache: SSLCompression off; nginx: update (off since 1.2.2); update the TLS library.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls12: tls12Look({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls12: { best } }) => {
    const hello = tls12Hello(best)
    const evidence = (received: string) => featureEvidence(best, 'compression method chosen where DEFLATE and null are offered', 'null (0)', received)
    if (refusesTls12(best)) return skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 cannot compress', evidence(noTls12(best)))
    if (hello === undefined) return inconclusive('unobserved', noTls12(best))
    const { compression } = hello
    if (compression === 0) return pass(evidence('null (0)'))
    return fail('tls.compression.used', evidence(compression === 1 ? 'DEFLATE (1)' : `method ${compression}, which was not offered`))
  },
  reproduce: showHello(tls12Small),
  covers: ['C3'],
})

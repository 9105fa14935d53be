import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { tlsSuiteOrder } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { CBC_SUITES, FS_AEAD_SUITES, openssl, proofOf, proofOfFailure, seenAt } from './shared.ts'

const OFFERED = [...FS_AEAD_SUITES, ...CBC_SUITES]

export default defineCheck({
  id: 'tls/cipher-order',
  title: 'The declared side decides which TLS 1.2 suite is used',
  failureTitle: 'The other side than declared decides which TLS 1.2 suite is used',
  why: 'With strong suites alone the client knows best which one its processor is fast at; with weak ones beside them the server must decide.',
  source: 'TLSRef 6.0 (server_preferred_order); tls.cipherOrder of the target',
  severity: 'low',
  codes: {
    'tls.cipher.order': {
      meaning: 'The suite follows the other order than declared.',
      fix: 'nginx: ssl_prefer_server_ciphers off (client) or on (server); Apache: SSLHonorCipherOrder.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.cipherOrder !== undefined && host.tls.minVersion !== 'TLSv1.3'),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.cipherOrder' },
  needs: (subject) => ({ order: attempt(tlsSuiteOrder({ host: hostOf(subject).fqdn, suites: OFFERED })) }),
  judge: ({ order }, { subject }) => {
    const wanted = hostOf(subject).tls.cipherOrder
    const expected = `the order of the ${wanted ?? 'declared side'} decides`
    if (!order.ok) {
      const proof = proofOfFailure(order.failure)
      const evidence = { what: 'suite chosen in TLS 1.2', expected, received: proof.how, at: order.startedAt }
      return order.failure.code === 'ALERT_PROTOCOL_VERSION'
        ? skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 has no suites worth an order', evidence)
        : inconclusive('unobserved', proof.how, evidence)
    }
    const { first, last, without } = order.value
    const seen = (received: string) => seenAt(last, `suite chosen when ${first.cipher} is offered first, then last`, expected, received)
    if (last.cipher !== first.cipher)
      return wanted === 'client' ? pass(seen(`${last.cipher}: the client decides`)) : fail('tls.cipher.order', seen(`${last.cipher}: the client decides`))
    const alone = without === undefined ? undefined : proofOf(without)
    if (alone === undefined || alone.result === 'refused') return pass(seen(`${last.cipher}: it is the only one there is, so order means nothing`))
    if (alone.result === 'unknown') return inconclusive('unobserved', `whether there is another suite cannot be told: ${alone.how}`, seen(last.cipher))
    return wanted === 'server' ? pass(seen(`${last.cipher}: the server decides`)) : fail('tls.cipher.order', seen(`${last.cipher}: the server decides`))
  },
  reproduce: openssl(['-tls1_2', '-cipher', [...OFFERED].reverse().join(':')]),
  covers: ['C2', 'E25'],
})

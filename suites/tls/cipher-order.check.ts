import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { suiteById, suiteName } from '../../helpers/grammar/tls-names.ts'
import { attempt } from '../../helpers/probe.ts'
import { weakSuites } from '../../helpers/probes/tls-plan.ts'
import { suiteOrder } from '../../helpers/probes/tls-suites.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { answerText, helloEvidence, helloProof, openssl } from './shared.ts'
import { CBC_SUITES, FS_AEAD_SUITES, idsOf, isClass, refusesTls12, suitesEvidence, tls12Hello } from './suites.ts'

const OFFERED = idsOf([...FS_AEAD_SUITES, ...CBC_SUITES])
/** What is usually chosen comes last, what is weak before it. */
const LAST_FIRST = [
  ...FS_AEAD_SUITES.filter((name) => name.includes('AES256-GCM')),
  ...CBC_SUITES,
  ...FS_AEAD_SUITES.filter((name) => !name.includes('AES256-GCM')).toReversed(),
]
const isWeak = (id: number): boolean => {
  const suite = suiteById(id)
  return suite === undefined || !isClass('strong', 'dhe')(suite) || suite.mode !== 'aead'
}

export default defineCheck({
  id: 'tls/cipher-order',
  title: 'Nobody is led to a weak TLS 1.2 suite by the order of the list',
  failureTitle: 'The wrong side decides which TLS 1.2 suite is used',
  why: 'With strong suites alone the client knows best which one its processor is fast at; with weak ones beside them the server must decide.',
  source: 'TLSRef 6.0 (server_preferred_order); tls.cipherOrder of the target',
  severity: 'low',
  codes: {
    'tls.cipher.order': {
      meaning: 'The suite follows the other order than declared.',
      fix: 'nginx: ssl_prefer_server_ciphers off (client) or on (server); Apache: SSLHonorCipherOrder; HAProxy: prefer-client-ciphers.',
    },
    'tls.cipher.order-weak': {
      meaning: 'Weak suites are accepted, and a client that lists one first gets it.',
      fix: 'Remove the weak suites; until then let the server decide (nginx: ssl_prefer_server_ciphers on).',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.minVersion !== 'TLSv1.3'),
  unless: { skip: 'not-applicable', reason: 'the target declares tls.minVersion TLSv1.3, whose suites are all strong' },
  needs: (subject) => {
    const { fqdn: host, tls } = hostOf(subject)
    const order = suiteOrder({ host, ...(tls.cipherOrder === undefined ? {} : { suites: OFFERED }) })
    return { weak: attempt(weakSuites({ host })), order: attempt(order) }
  },
  judge: ({ weak, order }, { subject }) => {
    const wanted = hostOf(subject).tls.cipherOrder
    const refusal = suitesEvidence(weak, ({ id }) => isWeak(id), 'weak suites')
    if (!order.ok) return inconclusive('unobserved', `${order.failure.message} (${order.failure.code})`, refusal.evidence)
    const { first, offered, last, without } = order.value
    const hello = tls12Hello(first)
    if (refusesTls12(first)) {
      const evidence = { what: 'a hello of TLS 1.2', expected: 'a suite', received: answerText(first), where: first.peer, at: first.at }
      return skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 has no weak suites', evidence)
    }

    if (wanted === undefined && refusal.proof.result !== 'accepted')
      return refusal.proof.result === 'refused'
        ? pass({ ...refusal.evidence, received: `${refusal.proof.how}: whoever decides, a strong suite is used` })
        : inconclusive('unobserved', `whether weak suites are accepted cannot be told: ${refusal.proof.how}`, refusal.evidence)

    if (hello === undefined) return inconclusive('unobserved', `no suite of TLS 1.2 was chosen: ${answerText(first)}`)
    const chosen = suiteName(hello.cipher)
    const expected = wanted === undefined ? 'the order of the server decides, because weak suites are accepted' : `the order of the ${wanted} decides`
    if (last === undefined) {
      const only = { what: 'suites accepted in TLS 1.2', expected, received: `${chosen} and no other of ours`, where: first.peer, at: first.at }
      return offered.length === 0 ? pass(only) : inconclusive('unobserved', 'the order was not asked', only)
    }
    const proof = helloProof(last, (answer) => offered.includes(answer.cipher))
    const seen = (received: string) => helloEvidence(last, `suite chosen when ${chosen} is offered last of ${offered.length}`, expected, received)
    if (proof.result !== 'accepted') return inconclusive('unobserved', proof.how, seen(proof.how))
    const now = last.ok ? (last.value.flight.hello?.cipher ?? -1) : -1
    const decides = now === hello.cipher ? 'server' : 'client'
    const received = `${suiteName(now)}: the ${decides} decides`
    if (wanted === undefined) {
      if (decides === 'server') return pass([seen(received), refusal.evidence])
      return warn('tls.cipher.order-weak', [seen(received), refusal.evidence], 'medium')
    }
    if (decides === 'server') {
      const alone = without === undefined ? undefined : helloProof(without, (answer) => offered.includes(answer.cipher))
      if (alone === undefined || alone.result === 'unknown')
        return inconclusive('unobserved', `whether there is another suite cannot be told: ${alone?.how ?? 'not asked'}`, seen(suiteName(now)))
      if (alone.result === 'refused') return pass(seen(`${suiteName(now)}: it is the only one there is, so order means nothing`))
    }
    return wanted === decides ? pass(seen(received)) : fail('tls.cipher.order', seen(received))
  },
  // The other way round than usual, but AES-GCM first: without it, servers that prefer ChaCha20 for clients without the hardware would take it.
  reproduce: openssl(['-tls1_2', '-cipher', LAST_FIRST.join(':')]),
  covers: ['C2', 'E25'],
})

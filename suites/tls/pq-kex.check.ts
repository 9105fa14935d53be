import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { groupName } from '../../helpers/grammar/tls-names.ts'
import { keyExchangeLook, X25519, X25519MLKEM768 } from '../../helpers/probes/tls-behaviour.ts'
import { groupsAsked } from '../../helpers/probes/tls-plan.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, seenAt, showHello } from './shared.ts'

const DRAFT = 'X25519Kyber768Draft00'

export default defineCheck({
  id: 'tls/pq-kex',
  title: 'Key exchange holds against a quantum computer to come',
  failureTitle: 'Key exchange does not hold against a quantum computer to come',
  why: 'Traffic recorded today can be read later once quantum computers can break X25519. Browsers offer X25519MLKEM768 first since 2024.',
  source: 'RFC 10024; TLSRef 6.0',
  severity: 'medium',
  codes: {
    'tls.pq.not-chosen': {
      meaning: 'X25519MLKEM768 was offered first, with a share, as browsers do, and a classical group was chosen.',
      fix: 'Update the TLS library (OpenSSL 3.5, Go 1.24) and leave its default groups, or put X25519MLKEM768 first (nginx: ssl_ecdh_curve); --depth full tells whether it is known at all.',
    },
    'tls.pq.missing': {
      meaning: 'X25519MLKEM768 is refused: only classical groups are accepted.',
      fix: 'Update the TLS library (OpenSSL 3.5, Go 1.24) and leave its default groups (nginx: no ssl_ecdh_curve).',
    },
    'tls.pq.not-preferred': {
      meaning: 'X25519MLKEM768 is accepted, yet a classical group is chosen when both are offered.',
      fix: 'Put X25519MLKEM768 first (nginx: ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1).',
    },
    'tls.pq.other-group': {
      meaning: 'Of the groups with ML-KEM only others than browsers offer are accepted.',
      fix: 'Add X25519MLKEM768 and put it first; only it is offered by browsers.',
    },
    'tls.pq.draft': {
      meaning: `Only the draft ${DRAFT} is accepted, which browsers no longer offer.`,
      fix: 'Update the TLS library: the standard group is X25519MLKEM768.',
    },
    'tls.pq.only': {
      meaning: 'No classical group is accepted: clients without ML-KEM cannot connect.',
      fix: 'Accept X25519 and prime256v1 after X25519MLKEM768.',
    },
  },
  options: { required: false },
  subjects: eachHost((host) => host.tls.maxVersion !== 'TLSv1.2'),
  unless: { skip: 'not-applicable', reason: 'the target declares tls.maxVersion TLSv1.2, which has no post-quantum key exchange' },
  // Whoever demands it is told why it is not used.
  needs: (subject, _, { required }) => ({ look: keyExchangeLook({ host: hostOf(subject).fqdn, closely: required }) }),
  judge: ({ look: { tls, offered, alone, both, others, withoutDraft, classical } }, { options }) => {
    const bad = options.required ? fail : warn
    const negotiated = seenAt(
      tls,
      offered ? 'group of the key exchange, X25519MLKEM768 offered first' : 'group of the key exchange, only classical ones offered',
      'X25519MLKEM768',
      `${tls.group ?? 'unknown'} (${tls.protocol})`,
    )
    if (tls.group === 'X25519MLKEM768') {
      if (classical === undefined) return pass(negotiated)
      const proof = helloProof(classical, () => true)
      const evidence = [negotiated, helloEvidence(classical, 'hello with classical groups alone', 'ServerHello or HelloRetryRequest', proof.how)]
      return proof.result === 'refused' ? warn('tls.pq.only', evidence, 'low') : pass(evidence)
    }
    if (alone === undefined) return bad(tls.protocol === 'TLSv1.3' ? 'tls.pq.not-chosen' : 'tls.pq.missing', negotiated)
    const evidence: Evidence[] = [negotiated]
    const proof = helloProof(alone, (hello) => hello.group === X25519MLKEM768)
    evidence.push(
      helloEvidence(
        alone,
        others === undefined ? 'hello that knows groups with ML-KEM alone' : 'hello that knows X25519MLKEM768 alone',
        'HelloRetryRequest for X25519MLKEM768',
        proof.how,
      ),
    )
    if (proof.result === 'unknown') return inconclusive('unobserved', `whether X25519MLKEM768 is accepted is not known: ${proof.how}`, evidence)
    if (proof.result === 'accepted') {
      if (both === undefined) return bad('tls.pq.not-preferred', evidence)
      const chosen = both.ok ? both.value.flight.hello?.group : undefined
      const how = chosen === undefined ? helloProof(both, () => true).how : groupName(chosen)
      evidence.push(helloEvidence(both, 'group asked for when X25519MLKEM768 stands before X25519', 'X25519MLKEM768', how))
      if (chosen === undefined) return inconclusive('unobserved', `which group is preferred is not known: ${how}`, evidence)
      return chosen === X25519MLKEM768 ? pass(evidence) : bad('tls.pq.not-preferred', evidence)
    }
    const last = withoutDraft ?? others
    if (last !== undefined) {
      const found = others?.ok === true ? others.value.flight.hello?.group : undefined
      const second = withoutDraft?.ok === true ? withoutDraft.value.flight.hello?.group : undefined
      const group = second ?? found
      const received = group === undefined ? helloProof(last, () => true).how : groupName(group)
      evidence.push(helloEvidence(last, 'hello that knows the other groups with ML-KEM', 'none of them alone', received))
      if (group !== undefined) return bad(groupName(group) === DRAFT ? 'tls.pq.draft' : 'tls.pq.other-group', evidence)
    }
    return bad('tls.pq.missing', evidence)
  },
  // After 00 33 00 02 stands the group it wants: 11 ec is X25519MLKEM768, 00 1d X25519.
  reproduce: showHello((asked) => groupsAsked(asked, [X25519MLKEM768, X25519], 'X25519MLKEM768 before X25519')),
})

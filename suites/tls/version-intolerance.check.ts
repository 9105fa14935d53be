import { defineCheck, hostOf } from '../../helpers/check.ts'
import { greasedHello, unknownValues } from '../../helpers/probes/tls-behaviour.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, noHosts, showHello, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/version-intolerance',
  title: 'Values that a server does not know in a hello are ignored',
  failureTitle: 'Values that a server does not know in a hello make it refuse',
  why: 'Browsers put unknown versions, suites, groups and extensions into every hello, so that what comes tomorrow still works; a server that stumbles over them loses those visitors.',
  source: 'RFC 8701 §3; RFC 8446 §4.2',
  severity: 'medium',
  codes: {
    'tls.hello.unknown-values': {
      meaning: 'A hello with unknown values (GREASE) is refused or gets no answer; the same without them gets a ServerHello.',
      fix: 'Update the TLS library, or the box before it that inspects hellos.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ look: unknownValues({ host: hostOf(subject).fqdn }) }),
  judge: ({ look: { greased, plain } }) => {
    const proof = helloProof(greased, () => true)
    const evidence = helloEvidence(greased, 'hello with unknown suites, groups and extensions', 'ServerHello or HelloRetryRequest', proof.how)
    if (proof.result === 'accepted') return pass(evidence)
    if (plain === undefined) return inconclusive('defect', 'the hello was not sent without the unknown values', evidence)
    const without = helloProof(plain, () => true)
    const both = [evidence, helloEvidence(plain, 'the same without them', 'ServerHello or HelloRetryRequest', without.how)]
    // Refused, or lost both times (the run asks twice), where its twin got through: the values are the only difference.
    return without.result === 'accepted'
      ? fail('tls.hello.unknown-values', both)
      : inconclusive('unobserved', `neither kind of hello got a ServerHello: ${proof.how}`, both)
  },
  reproduce: showHello((asked) => greasedHello(asked)),
})

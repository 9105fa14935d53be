import { defineCheck, hostOf } from '../../helpers/check.ts'
import { greasedHello, unknownValues } from '../../helpers/probes/tls-behaviour.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { helloEvidence, helloProof, noHosts, showHello, tlsHosts } from './shared.ts'

export default defineCheck({
  id: 'tls/version-intolerance',
  title: 'Values that a server does not know in a hello are ignored',
  failureTitle: 'Values that a server does not know in a hello make it refuse',
  why: 'Browsers put unknown versions, suites, groups and extensions into every hello, so that what comes tomorrow still works; a server that stumbles over them loses those visitors.',
  source: 'RFC 8701 §3; RFC 8446 §4.2; RFC 5246 §E.1',
  severity: 'medium',
  codes: {
    'tls.hello.unknown-values': {
      meaning: 'A hello with unknown values (GREASE) is refused or gets no answer; the same without them gets a ServerHello.',
      fix: 'Update the TLS library, or the box before it that inspects hellos.',
    },
    'tls.hello.future-version': {
      meaning: 'A hello of a version to come is refused instead of being answered in TLS 1.2.',
      fix: 'Update the TLS library: a server answers with the highest version it knows (RFC 5246 §E.1).',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ look: unknownValues({ host: hostOf(subject).fqdn }) }),
  judge: ({ look: { greased, plain, future } }) => {
    const proof = helloProof(greased, () => true)
    const evidence = helloEvidence(greased, 'hello with unknown suites, groups and extensions', 'ServerHello or HelloRetryRequest', proof.how)
    const findings: Finding[] = []
    if (proof.result === 'accepted') findings.push({ grade: 'pass', evidence })
    else {
      const without = plain === undefined ? undefined : helloProof(plain, () => true)
      const both = [
        evidence,
        ...(plain === undefined || without === undefined
          ? []
          : [helloEvidence(plain, 'the same without them', 'ServerHello or HelloRetryRequest', without.how)]),
      ]
      if (without?.result !== 'accepted') return inconclusive('unobserved', `neither kind of hello got a ServerHello: ${proof.how}`, both)
      // Lost both times (the run asks twice) where its twin got through: the values are the only difference.
      findings.push({ grade: 'fail', code: 'tls.hello.unknown-values', evidence: { ...evidence, received: `${proof.how}; without them: ${without.how}` } })
    }
    if (future !== undefined) {
      const answer = helloProof(future, () => true)
      const seen = helloEvidence(future, 'hello of a version to come (3.5)', 'ServerHello in TLS 1.2 or below', answer.how)
      if (answer.result === 'accepted') findings.push({ grade: 'pass', evidence: seen })
      else if (answer.result === 'refused') findings.push({ grade: 'warn', code: 'tls.hello.future-version', evidence: seen, severity: 'low' })
      else if (findings.every(({ grade }) => grade === 'pass'))
        return inconclusive('unobserved', `no answer to a version to come: ${answer.how}`, [evidence, seen])
    }
    return worst(findings)
  },
  reproduce: showHello((asked) => greasedHello(asked)),
})

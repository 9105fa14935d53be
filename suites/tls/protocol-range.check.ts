import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { oldVersionLook, tls12Look } from '../../helpers/probes/tls-plan.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { helloEvidence, helloProof, openssl } from './shared.ts'
import { bestOf } from './suites.ts'

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const

export default defineCheck({
  id: 'tls/protocol-range',
  title: 'Exactly the declared TLS versions are accepted',
  failureTitle: 'A TLS version outside the declared range is accepted',
  why: 'The declared range is what the deployment was signed off with; a proxy in front of it may accept more.',
  source: 'tls.minVersion and tls.maxVersion of the target',
  severity: 'high',
  codes: {
    'tls.version.outside-range': {
      meaning: 'A version below minVersion or above maxVersion is accepted.',
      fix: 'Set the versions at the server that terminates TLS for this name (nginx: ssl_protocols).',
    },
    'tls.version.not-accepted': {
      meaning: 'No version inside the declared range was negotiated.',
      fix: 'Set the versions at the server that terminates TLS, or correct the declaration.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.tls.minVersion !== undefined || host.tls.maxVersion !== undefined),
  unless: { skip: 'not-declared', reason: 'the target declares no tls.minVersion or tls.maxVersion' },
  needs: (subject) => {
    const host = hostOf(subject)
    return {
      tls: ordinary(host),
      tls12: attempt(tls12Look({ host: host.fqdn })),
      tls11: attempt(oldVersionLook({ host: host.fqdn }, 0x0302)),
      tls10: attempt(oldVersionLook({ host: host.fqdn }, 0x0301)),
    }
  },
  judge: ({ tls, tls12, tls11, tls10 }, { subject }) => {
    const { minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' } = hostOf(subject).tls
    const inRange = (version: string): boolean => {
      const place = VERSIONS.indexOf(version as (typeof VERSIONS)[number])
      return place >= VERSIONS.indexOf(minVersion) && place <= VERSIONS.indexOf(maxVersion)
    }
    const range = `${minVersion} to ${maxVersion}`
    const findings: Finding[] = [
      {
        ...(inRange(tls.protocol)
          ? { grade: 'pass' }
          : {
              grade: 'fail',
              code: VERSIONS.indexOf(tls.protocol as 'TLSv1') > VERSIONS.indexOf(maxVersion) ? 'tls.version.outside-range' : 'tls.version.not-accepted',
            }),
        evidence: { what: 'version chosen when 1.2 and 1.3 are offered', expected: range, received: tls.protocol, where: tls.peer, at: tls.at },
      },
    ]
    const unknown: string[] = []
    for (const [version, number, seen] of [
      ['TLSv1.2', 0x0303, bestOf(tls12)],
      ['TLSv1.1', 0x0302, tls11],
      ['TLSv1', 0x0301, tls10],
    ] as const) {
      const proof = helloProof(seen, (hello) => hello.version === number)
      const evidence = helloEvidence(
        seen,
        `a hello that offers ${version} and nothing above ${version === 'TLSv1.2' ? 'it' : 'TLSv1.1'}`,
        inRange(version) ? `may be accepted (${range})` : `refused (${range})`,
        proof.how,
      )
      if (inRange(version)) findings.push({ grade: 'pass', evidence })
      else if (proof.result === 'accepted') findings.push({ grade: 'fail', code: 'tls.version.outside-range', evidence })
      else if (proof.result === 'unknown') unknown.push(`${version}: ${proof.how}`)
      else findings.push({ grade: 'pass', evidence })
    }
    const verdict = worst(findings)
    return verdict.outcome === 'pass' && unknown.length > 0
      ? inconclusive('unobserved', `neither accepted nor refused: ${unknown.join('; ')}`, verdict.evidence)
      : verdict
  },
  reproduce: openssl(),
  covers: ['C1', 'E24', 'B14'],
})

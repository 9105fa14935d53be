import { defineCheck, hostOf } from '../../helpers/check.ts'
import { suiteById, suiteName, versionName } from '../../helpers/grammar/tls-names.ts'
import { everySuite } from '../../helpers/probes/tls-suites.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth } from './depth.ts'
import { openssl, suitesProof } from './shared.ts'

export default defineCheck({
  id: 'tls/cipher-enumeration',
  title: 'Every suite is known by name',
  failureTitle: 'The suites could not all be asked for',
  why: 'The list of accepted suites is what an auditor asks for; what is wrong with any of them, other checks say.',
  source: 'IANA TLS Cipher Suites',
  severity: 'info',
  codes: {
    'tls.cipher.stray': {
      meaning: 'A suite came back that was not offered: no client will go on.',
      fix: 'Something between client and server rewrites handshakes, or the TLS library is broken.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ looks: everySuite({ host: hostOf(subject).fqdn }) }),
  judge: ({ looks }) => {
    const findings: Finding[] = []
    const unknown: string[] = []
    for (const look of looks) {
      if (!look.ok) {
        unknown.push(`${look.failure.message} (${look.failure.code})`)
        continue
      }
      const { accepted, offered, rest, end } = look.value
      const names = accepted.map(({ suite, version }) => `${suiteName(suite)} (${versionName(version)})`)
      const proof = suitesProof({ ...look.value, accepted: [] }, ({ id }) => rest.includes(id))
      const evidence = {
        what: `${offered.length} suites ${offered.every((id) => suiteById(id)?.keyExchange === 'any') ? 'of TLS 1.3' : 'up to TLS 1.2'}`,
        expected: 'each accepted or refused',
        received: `${accepted.length} accepted${names.length === 0 ? '' : `: ${names.join(', ')}`}; ${rest.length} refused (${proof.how})`,
        at: look.startedAt,
      }
      const hello = end?.ok === true ? end.value.flight.hello : undefined
      if (rest.length > 0 && hello !== undefined)
        findings.push({ grade: 'warn', code: 'tls.cipher.stray', evidence: { ...evidence, received: `${suiteName(hello.cipher)} came back unasked` } })
      else if (rest.length > 0 && proof.result !== 'refused') unknown.push(proof.how)
      else findings.push({ grade: 'pass', evidence })
    }
    const verdict = worst(findings)
    return unknown.length > 0 && verdict.outcome !== 'warn'
      ? inconclusive('unobserved', `neither accepted nor refused: ${unknown.join('; ')}`, findings.length === 0 ? [] : verdict.evidence)
      : verdict
  },
  reproduce: openssl(['-tls1_2', '-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0']),
  covers: ['C2'],
})

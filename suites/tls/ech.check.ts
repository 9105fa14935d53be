import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { echLook } from '../../helpers/probes/ech.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { leafOf, noHosts, proofOf } from './shared.ts'

export default defineCheck({
  id: 'tls/ech',
  title: 'What is published for Encrypted Client Hello can be used',
  failureTitle: 'What is published for Encrypted Client Hello cannot be used',
  why: 'Browsers encrypt the name of the host with the published key. Where the key is out of date the server proves itself under the public name and hands out a new one; without a certificate for that name those browsers cannot connect at all.',
  source: 'RFC 9849 §4, §6.1.6; RFC 9848; ASVS 5.0 12.1.5',
  severity: 'info',
  codes: {
    'tls.ech.malformed': {
      meaning: 'The ech parameter of the HTTPS record cannot be read.',
      fix: 'Publish the ECHConfigList as the server or CDN gives it, in base64, or take the parameter out.',
    },
    'tls.ech.no-version': {
      meaning: 'None of the published configurations has the version of RFC 9849: every client ignores them.',
      fix: 'Publish the configuration of a current server, or take the parameter out.',
    },
    'tls.ech.public-name': {
      meaning: 'The host shows no valid certificate for the public name: clients whose key is out of date cannot get the new one.',
      fix: 'Give the server a certificate for the public name, on the same addresses.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ look: echLook(hostOf(subject).fqdn) }),
  judge: ({ look: { dns, published, publicNames } }) => {
    const common = { where: dns.server, at: dns.at }
    if (dns.rcode !== 'NOERROR' && dns.rcode !== 'NXDOMAIN') return inconclusive('unobserved', `HTTPS was answered with ${dns.rcode}`)
    if (published.length === 0)
      return skip('not-applicable', 'the name publishes no Encrypted Client Hello', {
        what: 'HTTPS records with ech',
        expected: 'to be judged where there are any',
        received: 'none',
        ...common,
      })
    const findings: Finding[] = published.map(({ text, reading }) => {
      const what = 'ech of the HTTPS record'
      if (!reading.ok)
        return {
          grade: 'fail',
          code: 'tls.ech.malformed',
          severity: 'high',
          evidence: { what, expected: 'an ECHConfigList', received: `${reading.error}: ${text}`, ...common },
        }
      const usable = reading.value.flatMap(({ contents }) => (contents === undefined ? [] : [contents]))
      const received = usable.map(
        ({ publicName, kem, configId }) => `public name ${publicName}, key ${configId} of kind 0x${kem.toString(16).padStart(4, '0')}`,
      )
      if (usable.length === 0) {
        const versions = reading.value.map(({ version }) => `0x${version.toString(16)}`).join(', ')
        return { grade: 'warn', code: 'tls.ech.no-version', severity: 'low', evidence: { what, expected: 'version 0xfe0d', received: versions, ...common } }
      }
      return {
        grade: 'pass',
        evidence: {
          what,
          expected: 'an ECHConfigList of RFC 9849',
          received: `${received.join('; ')}. That the server has the private key cannot be seen from here: no library of Node encrypts hellos`,
          ...common,
        },
      }
    })
    const unknown: string[] = []
    for (const { name, seen } of publicNames) {
      const what = `certificate of the host under the public name ${name}`
      const expected = `one that is valid for ${name}`
      if (!seen.ok) {
        const proof = proofOf(seen)
        if (proof.result !== 'refused') unknown.push(`${name}: ${proof.how}`)
        else findings.push({ grade: 'warn', code: 'tls.ech.public-name', severity: 'medium', evidence: { what, expected, received: proof.how } })
        continue
      }
      const leaf = leafOf(seen.value)
      const match = leaf === undefined ? undefined : matchServerName(name, leaf)
      const good = match?.matches === true && seen.value.authorized
      const received =
        leaf === undefined
          ? 'none'
          : `${leaf.dnsNames.slice(0, 5).join(', ')}${seen.value.authorized ? '' : ` (${seen.value.authorizationError ?? 'not trusted'})`}`
      const evidence = { what, expected, received, where: seen.value.peer, at: seen.value.at }
      findings.push(good ? { grade: 'pass', evidence } : { grade: 'warn', code: 'tls.ech.public-name', severity: 'medium', evidence })
    }
    if (unknown.length > 0 && findings.every(({ grade }) => grade === 'pass'))
      return inconclusive(
        'unobserved',
        `whether there is a certificate for the public name is not known: ${unknown.join('; ')}`,
        findings.map(({ evidence }) => evidence),
      )
    return worst(findings)
  },
  reproduce: (subject, target) => digFor(target, hostOf(subject).fqdn, 'HTTPS'),
})

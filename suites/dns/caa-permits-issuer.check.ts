import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { permits } from '../../helpers/grammar/caa.ts'
import { caaClimb } from '../../helpers/probes/dns-zone.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { caaDomainsOf, climbEvidence, setOf } from './caa.ts'
import { dig, dnsHosts, noDns } from './shared.ts'

const nameAbove = (name: string): string => (name.includes('.') ? name.slice(name.indexOf('.') + 1) : name)
interface AskedFor {
  readonly name: string
  readonly wildcard: boolean
  /** The wildcard stands at the name above: its records begin there (RFC 8659 §3). */
  readonly above: boolean
}
/** What an authority must look up of this host to issue the certificate again: the name, a wildcard below it in the same certificate, or the one that covers it. */
function askedFor(dnsNames: readonly string[], host: string): readonly AskedFor[] {
  const names = new Set(dnsNames.map((name) => name.toLowerCase().replace(/\.$/, '')))
  const covering = `*.${nameAbove(host)}`
  const found: AskedFor[] = []
  if (!names.has(host) && names.has(covering)) found.push({ name: covering, wildcard: true, above: true })
  else found.push({ name: host, wildcard: false, above: false })
  if (names.has(`*.${host}`)) found.push({ name: `*.${host}`, wildcard: true, above: false })
  return found
}

export default defineCheck({
  id: 'dns/caa-permits-issuer',
  title: 'CAA lets the authority of the certificate renew it',
  failureTitle: 'CAA forbids the authority of the certificate: renewal will fail',
  why: 'The certificate still works, the next renewal will not: the authority must refuse, and the host goes dark weeks after the change of CAA.',
  source: 'RFC 8659 §4; CA/Browser Forum Baseline Requirements §3.2.2.8',
  severity: 'high',
  codes: {
    'dns.caa.forbids-issuer': {
      meaning: 'The authority that issued the served certificate is not in CAA.',
      fix: 'Add 0 issue "<its domain>" (issuewild for wildcards), or renew with one that is listed.',
    },
    'dns.caa.forbids-declared': {
      meaning: 'An authority that the target declares (dns.caa) may not issue by the records.',
      fix: 'Add it to the CAA records, or take it out of dns.caa.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    climb: caaClimb(hostOf(subject).fqdn),
    over: caaClimb(nameAbove(hostOf(subject).fqdn)),
    tls: attempt(tlsHandshake({ host: hostOf(subject).fqdn })),
  }),
  judge: ({ climb: own, over, tls }, { subject, target }) => {
    const leaf = tls.ok ? tls.value.chain[0] : undefined
    const organisation = leaf?.issuerOrganization ?? leaf?.issuerCommonName
    const asked = askedFor(leaf?.dnsNames ?? [], subject.name)
    // Where a wildcard alone covers the name, nobody asks for the records of the name itself.
    const climb = asked.every(({ above }) => above) ? over : own
    const set = setOf(climb)
    const served = organisation === undefined ? undefined : caaDomainsOf(organisation)
    const declared = target.file.dns?.caa
    const evidence = [
      {
        what: `issuer of the certificate of ${subject.name}${asked.some(({ wildcard }) => wildcard) ? ` (${asked.map(({ name }) => name).join(', ')})` : ''}`,
        expected: 'an authority that CAA permits',
        received: `${organisation ?? 'unknown'}${served === undefined ? '' : `: ${served.join(', ')}`}`,
        ...(tls.ok ? { where: tls.value.peer, at: tls.value.at } : {}),
      },
      ...climbEvidence(climb, 'a set that permits it, or none'),
    ]
    const broken = asked.map(({ above }) => setOf(above ? over : own).broken).find((one) => one !== undefined)
    if (broken !== undefined) return inconclusive('unobserved', `CAA was not answered: ${broken}`, evidence)
    const forbidden = (issuers: readonly string[]): boolean =>
      asked.some(({ wildcard, above }) => !permits(setOf(above ? over : own).properties, issuers, wildcard))
    if (served !== undefined && forbidden(served)) return fail('dns.caa.forbids-issuer', evidence)
    const refused = (declared ?? []).filter((one) => forbidden([one]))
    if (refused.length > 0)
      return fail('dns.caa.forbids-declared', [
        { what: 'dns.caa of the target', expected: 'permitted by CAA', received: `not permitted: ${refused.join(', ')}` },
        ...evidence,
      ])
    // Parameters (RFC 8657) may narrow it to one account or method; that is the owner's affair and stays in the evidence.
    if (set.at === undefined || set.properties.every((one) => one.tag !== 'issue' && one.tag !== 'issuewild')) return pass(evidence)
    if (served !== undefined || declared !== undefined) return pass(evidence)
    if (hostOf(subject).tls.trust === 'private')
      return skip('not-applicable', 'the certificate is of a private authority, which CAA does not concern', evidence)
    return inconclusive(
      'unobserved',
      tls.ok ? `the CAA domain of ${organisation ?? 'the issuer'} is not known; declare it in dns.caa` : `no certificate was seen: ${tls.failure.message}`,
      evidence,
    )
  },
  reproduce: dig('CAA'),
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import type { TlsObservation } from '../../helpers/observations.ts'
import { tlsEveryAddress } from '../../helpers/probes/tls.ts'
import { pinnedAddresses } from '../../helpers/target.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { certificateLine, datesHold, leafOf, noHosts, openssl, seenAt } from './shared.ts'

/** What the library says of a chain that ends nowhere. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Whoever is sent there sees the warning of the browser; that it is one address of several makes it no smaller. */
const INVALID = { grade: 'fail', code: 'tls.addresses.invalid', severity: 'high' } as const

export default defineCheck({
  id: 'tls/ip-consistency',
  title: 'Every address of a host serves a good certificate',
  failureTitle: 'The addresses of a host serve different certificates',
  why: 'A listener forgotten on IPv6 or on the second machine serves the default or an old certificate, and only some of the visitors see it.',
  source: 'postproof: every address is looked at (A and AAAA), with the same hello',
  severity: 'medium',
  clockSensitive: true,
  codes: {
    'tls.addresses.invalid': {
      meaning: 'One address serves a certificate that is not for this host, out of date, or without a trusted root.',
      fix: 'Give that listener the same certificate (nginx: `listen [::]:443 ssl` in the same server block; the second machine).',
    },
    'tls.addresses.differ': {
      meaning: 'Addresses serve different certificates or protocols, each valid.',
      fix: 'If this is no roll-out under way, bring the machines to one state.',
    },
  },
  options: {},
  subjects: (target) => target.hosts.filter((host) => (pinnedAddresses(target, host.fqdn)?.length ?? 2) > 1).map((host) => ({ name: host.fqdn, host })),
  unless: { ...noHosts, skip: 'not-applicable', reason: 'every host is pinned to one address' },
  needs: (subject) => ({ addresses: tlsEveryAddress(hostOf(subject).fqdn) }),
  judge: ({ addresses }, { subject, now }) => {
    const { fqdn } = hostOf(subject)
    if (addresses.length < 2) return skip('not-applicable', 'the host has one address')
    const seen = addresses.flatMap(({ address, seen: one }) => (one.ok ? [{ address, tls: one.value }] : []))
    if (seen.length < 2)
      return inconclusive('unobserved', `${seen.length} of ${addresses.length} addresses completed a handshake: nothing to compare; see tls/reachable`)
    const first = seen.find(({ tls }) => sound(tls, fqdn, now)) ?? seen[0]
    const trusted = seen.some(({ tls }) => tls.authorized)
    const expected = first === undefined ? undefined : leafOf(first.tls)
    return worst(
      seen.map(({ address, tls }): Finding => {
        const leaf = leafOf(tls)
        const received =
          leaf === undefined ? 'no readable certificate' : `${certificateLine(leaf)}, issued by ${leaf.issuer}, until ${leaf.notAfter}, ${tls.protocol}`
        const evidence = seenAt(
          tls,
          `leaf at ${address}`,
          expected === undefined ? 'a certificate' : `valid for ${fqdn}, as elsewhere: ${certificateLine(expected)}`,
          received,
        )
        // The library's word, and only against its own: the same look at another address found its way to a root.
        if (!tls.authorized && trusted && UNTRUSTED.has(tls.authorizationError ?? ''))
          return { ...INVALID, evidence: { ...evidence, received: `${received}; it leads to no trusted root here` } }
        if (!sound(tls, fqdn, now)) return { ...INVALID, evidence }
        const alike = leaf?.sha256 === expected?.sha256 || leaf?.issuer === expected?.issuer
        return alike && tls.protocol === first?.tls.protocol ? { grade: 'pass', evidence } : { grade: 'warn', code: 'tls.addresses.differ', evidence }
      }),
    )
  },
  reproduce: openssl(),
})

/** Named and in date. */
function sound(tls: TlsObservation, fqdn: string, now: Date): boolean {
  const leaf = leafOf(tls)
  return leaf !== undefined && matchServerName(fqdn, leaf).matches && datesHold(leaf, now)
}

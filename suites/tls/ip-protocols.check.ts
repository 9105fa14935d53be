import { defineCheck, hostOf } from '../../helpers/check.ts'
import { SUITE_CLASSES, suiteClassOf } from '../../helpers/grammar/tls-names.ts'
import { isUnroutable } from '../../helpers/probe.ts'
import { type AddressLook, oldTlsEveryAddress } from '../../helpers/probes/tls-addresses.ts'
import { oldVersion } from '../../helpers/probes/tls-plan.ts'
import { pinnedAddresses } from '../../helpers/target.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { helloProof, noHosts, showHello, suitesProof } from './shared.ts'

const WEAK = SUITE_CLASSES.filter((name) => name !== 'strong')

/** What one address accepts of what should be refused, by name; and what it left open. */
function accepts({ tls11, tls10, weak }: AddressLook): { readonly accepted: ReadonlySet<string>; readonly unknown: readonly string[] } {
  const accepted = new Set<string>()
  const unknown: string[] = []
  for (const [name, wanted, seen] of [
    ['TLS 1.1', 0x0302, tls11],
    ['TLS 1.0', 0x0301, tls10],
  ] as const) {
    const proof = helloProof(seen, ({ version }) => version === wanted)
    if (proof.result === 'accepted') accepted.add(name)
    if (proof.result === 'unknown') unknown.push(`${name}: ${proof.how}`)
  }
  if (!weak.ok) return { accepted, unknown: [...unknown, `weak suites: ${weak.failure.message}`] }
  for (const one of WEAK) if (weak.value.accepted.some(({ suite: id }) => suiteClassOf(id) === one)) accepted.add(`${one} suites`)
  const rest = suitesProof({ ...weak.value, accepted: [] }, () => true)
  if (rest.result === 'unknown' && weak.value.rest.length > 0) unknown.push(`weak suites: ${rest.how}`)
  return { accepted, unknown }
}

export default defineCheck({
  id: 'tls/ip-protocols',
  title: 'Every address refuses the same old versions and weak suites',
  failureTitle: 'One address accepts old TLS that another refuses',
  why: 'The listener for IPv6, or the second machine, often keeps the old configuration; clients that land there get it, and most scanners look at one address.',
  source: 'rules G3 and tls/ip-consistency; RFC 8996; RFC 9325 §4',
  severity: 'medium',
  codes: {
    'tls.addresses.weaker': {
      meaning: 'An address accepts an old version or a weak suite that another address of the same host refuses.',
      fix: 'Give every listener the same settings (nginx: ssl_protocols and ssl_ciphers in http {}, not in one server block), and reload every machine.',
    },
  },
  options: {},
  subjects: (target) => target.hosts.filter((host) => (pinnedAddresses(target, host.fqdn)?.length ?? 2) > 1).map((host) => ({ name: host.fqdn, host })),
  unless: { ...noHosts, skip: 'not-applicable', reason: 'every host is pinned to one address' },
  needs: (subject) => ({ looks: oldTlsEveryAddress(hostOf(subject).fqdn) }),
  judge: ({ looks }) => {
    if (looks.length < 2) return skip('not-applicable', 'the host has one address')
    // A machine without a way to IPv6 says nothing about the server (rules G3); an address where nothing answers is for tls/reachable to judge.
    const here = looks.filter(({ tls10, address }) => tls10.ok || !isUnroutable(tls10.failure, address))
    if (here.length < 2) return skip('not-applicable', `this machine has a way to ${here.length} of ${looks.length} addresses: nothing to compare`)
    const reached = here.filter(({ tls10 }) => tls10.ok || tls10.failure.phase !== 'connect')
    if (reached.length < 2)
      return inconclusive('unobserved', `${reached.length} of ${looks.length} addresses could be asked: nothing to compare; see tls/reachable`)
    const seen = reached.map((look) => ({ look, ...accepts(look) }))
    const common = new Set([...(seen[0]?.accepted ?? [])].filter((name) => seen.every(({ accepted }) => accepted.has(name))))
    const findings = seen.map(({ look, accepted }): Finding => {
      const more = [...accepted].filter((name) => !common.has(name))
      const evidence = {
        what: `old TLS at ${look.address}`,
        expected: common.size === 0 ? 'none accepted, as elsewhere' : `no more than everywhere: ${[...common].join(', ')}`,
        received: accepted.size === 0 ? 'none accepted' : `accepted: ${[...accepted].join(', ')}`,
        where: look.address,
        at: look.tls10.startedAt,
      }
      return more.length === 0 ? { grade: 'pass', evidence } : { grade: 'fail', code: 'tls.addresses.weaker', evidence }
    })
    const verdict = worst(findings)
    const unknown = seen.flatMap(({ look, unknown: open }) => open.map((how) => `${look.address}: ${how}`))
    return unknown.length > 0 && verdict.outcome === 'pass'
      ? inconclusive('unobserved', `not all could be told: ${unknown.join('; ')}`, verdict.evidence)
      : verdict
  },
  reproduce: (subject, target) =>
    (pinnedAddresses(target, hostOf(subject).fqdn) ?? [undefined])
      .map((address) => showHello((asked) => oldVersion(asked, 0x0301), address)(subject, target))
      .join('; '),
})

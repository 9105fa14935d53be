import { attempt } from '../../helpers/probe.ts'
import { defineCheck } from '../../helpers/check.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { resolverAnswers, zoneOf } from '../../helpers/probes/dns-zone.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { dnsDomain, listed, lookLine, looked, noDns, valuesOf } from './shared.ts'

const DAY_MS = 86_400_000
/** Must or should not be used for signing: RSA/MD5, DSA, RSA/SHA-1 and their NSEC3 twins, GOST (RFC 8624 §3.1, RFC 9904). */
const WEAK = new Set(['1', '3', '5', '6', '7', '12'])

export default defineCheck({
  id: 'dns/dnssec',
  title: 'The signatures of the zone hold, or the zone is unsigned as declared',
  failureTitle: 'The signatures of the zone are broken, weak or missing',
  why: 'With broken signatures the domain is gone for everybody whose resolver validates, and authorities refuse to issue; with none, answers can be forged.',
  source: 'RFC 4035 §4.3, §5; RFC 4509 §3 (SHA-1 in DS); RFC 8624 and RFC 9904 (algorithms); dns.dnssec of the target',
  severity: 'medium',
  clockSensitive: true,
  codes: {
    'dns.dnssec.bogus': {
      meaning: 'Validation fails: SERVFAIL, but an answer with checking disabled.',
      fix: 'Compare DS at the parent with the DNSKEY; renew expired signatures; remove DS in an emergency.',
    },
    'dns.dnssec.unsigned': {
      meaning: 'The zone is not signed, or has no DS at its parent, though the target requires it.',
      fix: 'Sign the zone, and give its DS to the registrar.',
    },
    'dns.dnssec.expiring': { meaning: 'A signature ends within days.', fix: 'Look why the signer did not renew it.' },
    'dns.dnssec.algorithm': { meaning: 'The zone is signed with an algorithm that validators drop.', fix: 'Roll over to 13 (ECDSA P-256) or 15 (Ed25519).' },
    'dns.dnssec.digest': { meaning: 'The DS records at the parent have SHA-1 digests alone.', fix: 'Give the registrar a DS with SHA-256 (digest type 2).' },
  },
  options: { minimumDays: 3 },
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    checked: resolverAnswers({ name: target.domain, type: 'SOA', dnssecOk: true }),
    unchecked: resolverAnswers({ name: target.domain, type: 'SOA', dnssecOk: true, checkingDisabled: true }),
    ds: attempt(dnsQuery({ name: target.domain, type: 'DS' })),
    keys: attempt(dnsQuery({ name: target.domain, type: 'DNSKEY' })),
    zone: attempt(zoneOf(target.domain)),
  }),
  judge: ({ checked, unchecked, ds, keys, zone }, { target, now, options }) => {
    const required = target.file.dns?.dnssec === 'required'
    const bogus: Evidence[] = []
    const secure: Evidence[] = []
    const plain: Evidence[] = []
    for (const { name, server, seen } of checked) {
      const without = unchecked.find((one) => one.server === server)?.seen
      if (!seen.ok) continue
      if (seen.value.rcode === 'SERVFAIL' && without?.ok === true && without.value.rcode === 'NOERROR')
        bogus.push(looked(`${target.domain} SOA at resolver ${name}, validated; without validation it is answered`, seen, 'a validated answer'))
      else if (seen.value.rcode === 'NOERROR') {
        const evidence = { ...looked(`${target.domain} SOA at resolver ${name}`, seen, required ? 'a validated answer (ad)' : 'validated (ad) or unsigned') }
        ;(seen.value.authenticated ? secure : plain).push({ ...evidence, received: `${seen.value.authenticated ? 'ad' : 'no ad'}: ${evidence.received}` })
      }
    }
    const dsLine = looked(`DS of ${target.domain}`, ds, required ? 'a DS record' : 'a DS record, or none')
    // A resolver with an old cache beside one that validates: broken for some, seen again by the next run.
    if (bogus.length > 0) return secure.length > 0 ? warn('dns.dnssec.bogus', [...bogus, ...secure]) : fail('dns.dnssec.bogus', [...bogus, dsLine], 'critical')
    if (secure.length + plain.length === 0)
      return inconclusive('unobserved', `no resolver answered: ${checked.map(({ name, seen }) => `${name} ${lookLine(seen)}`).join('; ')}`)
    const anchors = ds.ok ? valuesOf(ds.value, 'DS').map((value) => value.split(' ')) : []
    const signed = anchors.length > 0
    if (secure.length === 0) {
      // A name inside a zone has no DS of its own; whether the zone is signed shows only through a resolver that validates.
      if (zone.ok && zone.value.apex !== target.domain)
        return inconclusive('unobserved', `${target.domain} lies in the zone ${zone.value.apex}, and no resolver that we ask validates`, plain)
      if (!ds.ok || ds.value.rcode !== 'NOERROR') return inconclusive('unobserved', `DS: ${lookLine(ds)}`, plain)
      if (signed) return inconclusive('unobserved', 'the zone is signed, but no resolver that we ask validates', [...plain, dsLine])
      return required
        ? fail('dns.dnssec.unsigned', [dsLine, looked(`DNSKEY of ${target.domain}`, keys, 'a key and its DS'), ...plain])
        : pass([...plain, dsLine])
    }
    const all = [...secure, ...plain, dsLine]
    const weak = anchors.filter(([, algorithm = '']) => WEAK.has(algorithm))
    if (weak.length > 0 && weak.length === anchors.length) return warn('dns.dnssec.algorithm', [dsLine, ...secure])
    if (signed && anchors.every(([, , digest]) => digest === '1')) return warn('dns.dnssec.digest', [dsLine, ...secure])
    const ends = checked.flatMap(({ seen }) =>
      seen.ok
        ? seen.value.answers
            .filter(({ type }) => type === 'RRSIG')
            .map(({ value }) => ({ value, days: (Number(value.split(' ')[4]) * 1000 - now.getTime()) / DAY_MS }))
        : [],
    )
    const soon = ends.filter(({ days }) => !(days >= options.minimumDays))
    const until = { what: `signatures of ${target.domain} SOA`, expected: `${options.minimumDays} days left or more` }
    if (soon.length > 0)
      return warn('dns.dnssec.expiring', { ...until, received: listed(soon.map(({ value, days }) => `${days.toFixed(1)} days left: ${value}`)) })
    return pass(ends.length === 0 ? all : [...all, { ...until, received: listed(ends.map(({ days }) => `${days.toFixed(1)} days left`)) }])
  },
  reproduce: (_subject, target) => `${digFor(target, target.domain, 'SOA')} +dnssec; ${digFor(target, target.domain, 'SOA')} +dnssec +cd`,
})

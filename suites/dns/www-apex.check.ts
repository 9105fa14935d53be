import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { addressesIn, dnsDomain, isEmpty, lookLine, looked, noDns } from './shared.ts'
import { digFor } from '../../helpers/reproduce.ts'

export default defineCheck({
  id: 'dns/www-apex',
  title: 'Domain and www both resolve where either is promised',
  failureTitle: 'Domain or www is missing, though it is promised',
  why: 'People type both; the one without a record shows an error that the other, its certificate and its redirect do not let us see.',
  source: 'redirects.canonical and hosts of the target; names of the served certificate; preload rules for www',
  severity: 'high',
  codes: {
    'dns.www.missing': {
      meaning: 'www does not resolve though the certificate, the redirect rule or the target names it.',
      fix: 'Add the www record, a CNAME to the domain or to the edge.',
    },
    'dns.www.apex-missing': {
      meaning: 'The domain itself does not resolve though the target or the redirect rule names it.',
      fix: 'Add A and AAAA records for the domain itself.',
    },
  },
  options: {},
  subjects: dnsDomain(),
  unless: noDns,
  needs: (_subject, target) => ({
    apexA: attempt(dnsQuery({ name: target.domain, type: 'A' })),
    apexAaaa: attempt(dnsQuery({ name: target.domain, type: 'AAAA' })),
    wwwA: attempt(dnsQuery({ name: `www.${target.domain}`, type: 'A' })),
    wwwAaaa: attempt(dnsQuery({ name: `www.${target.domain}`, type: 'AAAA' })),
    tls: attempt(tlsHandshake({ host: target.domain })),
  }),
  judge: ({ apexA, apexAaaa, wwwA, wwwAaaa, tls }, { target }) => {
    const { domain } = target
    const www = `www.${domain}`
    const canonical = target.file.redirects?.canonical
    const declared = (name: string): boolean => !target.discovered && target.hosts.some((host) => host.fqdn === name)
    const named = tls.ok && (tls.value.chain[0]?.dnsNames.some((name) => name.toLowerCase() === www) ?? false)
    const reasons = [
      ...(declared(www) ? ['hosts of the target'] : []),
      ...(canonical === 'www' || canonical === 'both' || canonical === 'apex' ? [`redirects.canonical: ${canonical}`] : []),
      ...(named ? [`the certificate of ${domain}`] : []),
    ]
    const wanted = reasons.length > 0 ? `an address: promised by ${reasons.join(', ')}` : 'either: nothing promises it'
    const evidence = [
      looked(`${www} A`, wwwA, wanted),
      looked(`${www} AAAA`, wwwAaaa, wanted),
      looked(`${domain} A`, apexA, 'an address'),
      looked(`${domain} AAAA`, apexAaaa, 'an address'),
    ]
    const gone = (...seen: readonly (typeof wwwA)[]): boolean => seen.every((one) => one.ok && isEmpty(one.value))
    const there = { apex: addressesIn(apexA, apexAaaa).length > 0, www: addressesIn(wwwA, wwwAaaa).length > 0 }
    if (!there.www && reasons.length > 0 && gone(wwwA, wwwAaaa)) return fail('dns.www.missing', evidence)
    const apexWanted = declared(domain) || canonical !== undefined || there.www
    if (!there.apex && apexWanted && gone(apexA, apexAaaa)) return fail('dns.www.apex-missing', evidence.toReversed())
    if ((!there.www && reasons.length > 0) || (!there.apex && apexWanted))
      return inconclusive('unobserved', `not answered: ${www} ${lookLine(wwwA)}; ${domain} ${lookLine(apexA)}`, evidence)
    return pass(evidence)
  },
  reproduce: (_subject, target) => `${digFor(target, `www.${target.domain}`, 'A')}; ${digFor(target, target.domain, 'A')}`,
  covers: ['E89'],
})

import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { cnameChain } from '../../helpers/probes/dns-zone.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { httpGet } from '../../helpers/probes/http.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { dig, dnsHosts, lookLine, noDns } from './shared.ts'
import { providerOf } from './providers.ts'

export default defineCheck({
  id: 'dns/dangling',
  title: 'The CNAME leads to something that exists and is ours',
  failureTitle: 'The CNAME leads to something that is gone',
  why: 'Whoever claims the abandoned name at the provider gets our visitors, our cookies and a certificate for our host.',
  source: 'OWASP WSTG-CONF-10 (sub-domain takeover); RFC 8020 (NXDOMAIN)',
  severity: 'high',
  codes: {
    'dns.dangling.nxdomain': {
      meaning: 'The target of the CNAME does not exist.',
      fix: 'Remove the record, or create the target again. Do it before somebody else does.',
    },
    'dns.dangling.claimable': {
      meaning: 'The target of the CNAME does not exist at a provider where anybody can create it.',
      fix: 'Remove the record now; look in the access log of what visitors were shown since.',
    },
    'dns.dangling.unclaimed': {
      meaning: 'The provider behind the CNAME says that it knows no such site.',
      fix: 'Remove the record, or claim the name in your own account at the provider.',
    },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    chain: cnameChain(hostOf(subject).fqdn),
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    document: attempt(httpGet(`https://${hostOf(subject).fqdn}/`)),
  }),
  judge: ({ chain, a, document }, { subject, target }) => {
    const path = [subject.name, ...chain.hops].join(' -> ')
    const provider = chain.hops.map(providerOf).find((one) => one !== undefined)
    const end = chain.last ?? a
    const evidence = { what: `end of the chain of ${subject.name}`, expected: 'a name that exists', received: `${path}: ${lookLine(end)}` }
    if (chain.hops.length === 0) {
      if (chain.end === 'failed') return inconclusive('unobserved', chain.reason ?? 'the CNAME question was not answered', evidence)
      return pass({ ...evidence, received: `no CNAME: ${lookLine(a)}` })
    }
    if (chain.end === 'loop' || chain.end === 'too-long')
      return inconclusive('unobserved', `the chain has no end (dns/cname-chain): ${chain.reason ?? ''}`, evidence)
    if (chain.end === 'failed' || !end.ok) return inconclusive('unobserved', chain.reason ?? lookLine(end), evidence)
    if (end.value.rcode === 'NXDOMAIN') {
      const last = chain.hops.at(-1) ?? ''
      if (provider !== undefined)
        return fail('dns.dangling.claimable', { ...evidence, expected: `a name that exists; ${provider.name} lets anybody create it` })
      // In the own zone nobody else can create the name; dns/resolves tells that the host is down.
      return last === target.domain || last.endsWith(`.${target.domain}`)
        ? warn('dns.dangling.nxdomain', { ...evidence, expected: 'a name that exists; this one is in the own zone' })
        : fail('dns.dangling.nxdomain', evidence)
    }
    if (end.value.rcode !== 'NOERROR') return inconclusive('unobserved', lookLine(end), evidence)
    if (provider === undefined || provider.says.length === 0) return pass(evidence)
    if (!document.ok) return inconclusive('unobserved', `${provider.name} gave no page to look at: ${document.failure.message}`, evidence)
    const text = bodyText(document.value).slice(0, 65_536)
    const said = provider.says.find((sentence) => text.includes(sentence))
    const page = {
      what: `page of ${subject.name} at ${provider.name}`,
      expected: 'not the words for a site that nobody has claimed',
      received: said === undefined ? `status ${document.value.status}, none of them` : `status ${document.value.status}: ${said}`,
      where: document.value.peer,
      at: document.value.at,
    }
    return said === undefined ? pass([evidence, page]) : fail('dns.dangling.unclaimed', [page, evidence])
  },
  reproduce: dig('A'),
  covers: ['A3'],
})

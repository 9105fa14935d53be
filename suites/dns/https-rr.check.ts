import { attempt } from '../../helpers/probe.ts'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { readServiceBindingText } from '../../helpers/grammar/service-binding.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { addressesIn, dig, dnsHosts, isAnswer, listed, noDns, seenAt, valuesOf } from './shared.ts'

/** One address in one form: groups of IPv6 without leading zeros, nothing shortened. */
const plain = (address: string): string => {
  if (!address.includes(':')) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...middle, ...right].map((group) => group.replace(/^0+(?=.)/, '')).join(':')
}

export default defineCheck({
  id: 'dns/https-rr',
  title: 'HTTPS records say what the server does',
  failureTitle: 'HTTPS records promise what the server does not do',
  why: 'Browsers obey these records before they connect, and curl mostly does not: a stale one is an outage for browsers alone.',
  source: 'RFC 9460 §7 (alpn, port, hints), §9',
  severity: 'medium',
  codes: {
    'dns.https.malformed': { meaning: 'The record breaks the format.', fix: 'Write it anew; most providers offer a form for it.' },
    'dns.https.alpn': {
      meaning: 'The record promises a protocol that the server does not negotiate.',
      fix: 'Enable the protocol (http2 in nginx), or take it out of alpn.',
    },
    'dns.https.no-default': { meaning: 'no-default-alpn shuts HTTP/1.1 out.', fix: 'Remove no-default-alpn unless every client speaks the listed protocols.' },
    'dns.https.hint': {
      meaning: 'A hinted address is none of the name’s addresses.',
      fix: 'Renew the hints with every change of A and AAAA, or leave them out.',
    },
    'dns.https.port': { meaning: 'The record sends browsers to another port.', fix: 'Remove port, unless that is meant.' },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    https: dnsQuery({ name: hostOf(subject).fqdn, type: 'HTTPS' }),
    a: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'A' })),
    aaaa: attempt(dnsQuery({ name: hostOf(subject).fqdn, type: 'AAAA' })),
    tls: attempt(tlsHandshake({ host: hostOf(subject).fqdn })),
  }),
  judge: ({ https, a, aaaa, tls }, { subject }) => {
    if (!isAnswer(https)) return inconclusive('unobserved', `HTTPS was answered with ${https.rcode}`, seenAt(https, 'an answer'))
    const values = valuesOf(https, 'HTTPS')
    if (values.length === 0) return skip('not-applicable', 'the name has no HTTPS record', seenAt(https, 'a record to judge'))
    const findings: Finding[] = []
    const unknown: string[] = []
    const addresses = addressesIn(a, aaaa).map(plain)
    for (const text of values) {
      const item = (grade: Finding['grade'], code: string, expected: string, received = text): void => {
        findings.push({ grade, code, evidence: seenAt(https, expected, received) })
      }
      const reading = readServiceBindingText(text)
      if (!reading.ok) {
        item('fail', 'dns.https.malformed', 'the format of RFC 9460', reading.error)
        continue
      }
      const record = reading.value
      // Alias mode has no parameters; the name it points to is asked by the browser like a CNAME's.
      if (record.priority === 0) {
        item('pass', '', 'an alias')
        continue
      }
      if (record.alpn.length > 0) {
        // HTTP/3 is spoken over QUIC, which is not looked at; Encrypted ClientHello neither. Both are left to the evidence.
        const wanted = record.alpn.filter((one) => one === 'h2' || one === 'http/1.1')
        if (!tls.ok) unknown.push(`no handshake to compare alpn with: ${tls.failure.message}`)
        else if (wanted.includes('h2') && tls.value.alpn !== 'h2')
          item('fail', 'dns.https.alpn', `alpn ${tls.value.alpn ?? 'none'}, as ${tls.value.peer} negotiates`)
        else item('pass', '', `alpn ${tls.value.alpn ?? 'none'}, as ${tls.value.peer} negotiates`)
      }
      if (record.noDefaultAlpn && !record.alpn.includes('http/1.1')) item('warn', 'dns.https.no-default', 'HTTP/1.1 for those who have nothing else')
      if (record.port !== undefined && record.port !== 443) item('warn', 'dns.https.port', 'port 443')
      const hints = [...record.ipv4hint, ...record.ipv6hint]
      if (hints.length > 0 && (record.target === '' || record.target === subject.name)) {
        if (addresses.length === 0) unknown.push('no addresses to compare the hints with')
        else item(hints.every((hint) => addresses.includes(plain(hint))) ? 'pass' : 'fail', 'dns.https.hint', `hints among ${listed(addresses)}`)
      }
      if (record.alpn.length === 0 && hints.length === 0) item('pass', '', 'nothing that could disagree')
    }
    if (findings.some(({ grade }) => grade === 'fail')) return worst(findings)
    if (unknown.length > 0 || findings.length === 0)
      return inconclusive(
        'unobserved',
        unknown.join('; ') || 'nothing to compare',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: dig('HTTPS'),
})

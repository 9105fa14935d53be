import { createHash } from 'node:crypto'
import { defineCheck, hostOf } from '../../helpers/check.ts'
import { certificateLinks } from '../../helpers/grammar/certificate.ts'
import type { CertificateFacts } from '../../helpers/observations.ts'
import { attempt } from '../../helpers/probe.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { dnsHosts, isAnswer, listed, noDns, seenAt, valuesOf } from './shared.ts'

const RECORD = /^([0-3]) ([01]) ([0-2]) ([0-9a-f]+)$/

/** The association data of a certificate (RFC 6698 §2.1.2, §2.1.3); undefined where its key cannot be read. */
function dataOf(certificate: CertificateFacts, selector: string, matching: string): string | undefined {
  const bytes = selector === '0' ? certificate.raw : certificateLinks(certificate.raw)?.spki
  if (bytes === undefined) return undefined
  return matching === '0'
    ? Buffer.from(bytes).toString('hex')
    : createHash(matching === '1' ? 'sha256' : 'sha512')
        .update(bytes)
        .digest('hex')
}

export default defineCheck({
  id: 'dns/tlsa',
  title: 'TLSA records match the served certificate',
  failureTitle: 'No TLSA record matches the served certificate',
  why: 'Clients that check DANE refuse the host after a renewal that changed the key; nobody else sees it.',
  source: 'RFC 6698 §2.1; RFC 7671 §5 (usages), §8.1 (rollover)',
  severity: 'medium',
  codes: {
    'dns.tlsa.mismatch': {
      meaning: 'None of the TLSA records belongs to the served chain.',
      fix: 'Publish the new record before the certificate changes; keep the key at renewal, or pin the issuer (2 1 1).',
    },
    'dns.tlsa.malformed': { meaning: 'A TLSA record cannot be read.', fix: 'Write it as usage, selector, matching type, hexadecimal data.' },
    'dns.tlsa.insecure': { meaning: 'The TLSA records are not secured by DNSSEC, so every client ignores them.', fix: 'Sign the zone, or remove the records.' },
  },
  options: {},
  subjects: dnsHosts(),
  unless: noDns,
  needs: (subject) => ({
    tlsa: dnsQuery({ name: `_443._tcp.${hostOf(subject).fqdn}`, type: 'TLSA', dnssecOk: true }),
    tls: attempt(tlsHandshake({ host: hostOf(subject).fqdn })),
  }),
  judge: ({ tlsa, tls }) => {
    if (!isAnswer(tlsa)) return inconclusive('unobserved', `TLSA was answered with ${tlsa.rcode}`, seenAt(tlsa, 'an answer'))
    const values = valuesOf(tlsa, 'TLSA')
    if (values.length === 0) return skip('not-applicable', 'the name has no TLSA record', seenAt(tlsa, 'a record to judge'))
    if (!tls.ok) return inconclusive('unobserved', `no certificate to compare with: ${tls.failure.message}`, seenAt(tlsa, 'the served certificate'))
    const [leaf, ...above] = tls.value.chain
    if (leaf === undefined) return inconclusive('unobserved', 'the handshake brought no readable certificate', seenAt(tlsa, 'the served certificate'))
    const bad = values.filter((value) => !RECORD.test(value))
    if (bad.length > 0) return fail('dns.tlsa.malformed', seenAt(tlsa, 'usage selector matching data', listed(bad)))
    const matching = values.filter((value) => {
      const [, usage = '', selector = '', type = '', data = ''] = RECORD.exec(value) ?? []
      // Odd usages pin the leaf, even ones an authority above it (for usage 2 the leaf may be its own anchor).
      const pinned = usage === '1' || usage === '3' ? [leaf] : [...above, leaf]
      return pinned.some((certificate) => dataOf(certificate, selector, type) === data)
    })
    const evidence = {
      ...seenAt(tlsa, `a record for ${tls.value.chain.map((one) => one.subject).join(' <- ')} (leaf SHA-256 ${leaf.sha256})`),
      received: `${values.map((value) => `${value.slice(0, 80)}${matching.includes(value) ? ' (matches)' : ''}`).join('; ')}${tlsa.authenticated ? ', secured by DNSSEC' : ', not secured'}`,
    }
    if (matching.length === 0) return fail('dns.tlsa.mismatch', evidence)
    return tlsa.authenticated ? pass(evidence) : warn('dns.tlsa.insecure', evidence)
  },
  reproduce: (subject, target) => `${digFor(target, `_443._tcp.${subject.name}`, 'TLSA')} +dnssec`,
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import type { CertificateFacts } from '../../helpers/observations.ts'
import { type RevocationAnswer, revocation } from '../../helpers/probes/revocation.ts'
import { opensslFor } from '../../helpers/reproduce.ts'
import { type Evidence, fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { certificateLine, noHosts, seenAt, tlsHosts } from './shared.ts'

/** Clocks of authorities and ours may differ by so much. */
const SKEW_MS = 300_000

type Said = { readonly result: 'good' | 'revoked' | 'unknown'; readonly how: string }
const said = (result: Said['result'], how: string): Said => ({ result, how })

const current = (thisUpdate: string | undefined, nextUpdate: string | undefined, now: Date): string | undefined => {
  if (thisUpdate === undefined || !(Date.parse(thisUpdate) <= now.getTime() + SKEW_MS)) return `its thisUpdate ${thisUpdate ?? '(absent)'} lies ahead`
  if (nextUpdate === undefined) return 'it does not say when the next one comes'
  return Date.parse(nextUpdate) >= now.getTime() ? undefined : `stale: the next one was due ${nextUpdate}`
}

/** What an answer proves of this certificate. Listed is listed, however old the list is; not listed counts in a current and complete list alone. */
function meaning(answer: RevocationAnswer, certificate: CertificateFacts, now: Date): Said {
  if (answer.result !== 'read') return said('unknown', `${answer.result === 'unreadable' ? 'unreadable: ' : ''}${answer.detail}`)
  if (answer.by === 'ocsp') {
    const { responseStatus, status, signature } = answer
    if (responseStatus !== 0) return said('unknown', `the responder answered status ${responseStatus}`)
    if (signature !== 'verified') return said('unknown', 'the answer is not signed by the issuer or by whom it appointed')
    const { signerDates } = answer
    if (signerDates !== undefined && !(Date.parse(signerDates.notBefore) <= now.getTime() && now.getTime() <= Date.parse(signerDates.notAfter)))
      return said('unknown', `the responder's own certificate is out of date (${signerDates.notBefore} to ${signerDates.notAfter})`)
    if (status === undefined) return said('unknown', 'the answer is about another certificate')
    const updates = `${answer.thisUpdate ?? '?'} to ${answer.nextUpdate ?? 'open end'}`
    if (status === 'revoked')
      return said('revoked', `revoked ${answer.revokedAt ?? '(no date)'}, reason ${answer.reason ?? 'unspecified'} (answer of ${updates})`)
    if (status === 'unknown') return said('unknown', 'the responder does not know the certificate')
    const old = current(answer.thisUpdate, answer.nextUpdate, now)
    return old === undefined ? said('good', `good (${updates})`) : said('unknown', `good, but ${old}`)
  }
  const { entry, scope } = answer
  const list = `${answer.entries} entries, ${answer.sizeBytes} bytes, ${answer.thisUpdate} to ${answer.nextUpdate ?? 'open end'}`
  if (answer.signature !== 'verified') {
    const whose = answer.sameIssuer ? 'its signature is not the issuer’s' : 'it is the list of another issuer, which we cannot verify'
    return said('unknown', `${whose}${entry === undefined ? '' : `; it lists the certificate as revoked ${entry.revokedAt}`}`)
  }
  if (answer.unknownCritical.length > 0) return said('unknown', `it carries critical extensions that we do not read: ${answer.unknownCritical.join(', ')}`)
  if (entry !== undefined) {
    if (entry.reason === 'removeFromCRL') return said('unknown', `taken off the list ${entry.revokedAt} (removeFromCRL) by a list of changes alone`)
    return said('revoked', `listed: serial ${entry.serialHex}, revoked ${entry.revokedAt}, reason ${entry.reason} (${list})`)
  }
  if (!answer.sameIssuer && scope?.indirect !== true) return said('unknown', 'it is the list of another issuer')
  if (answer.delta) return said('unknown', 'not listed, but it holds only what has changed since another list (delta)')
  if (scope !== undefined) {
    if (scope.onlyAttributeCertificates || (scope.onlyUserCertificates && certificate.isCa) || (scope.onlyAuthorityCertificates && !certificate.isCa))
      return said('unknown', 'not listed, but it is a list of another kind of certificates')
    if (scope.onlySomeReasons) return said('unknown', 'not listed, but it lists some reasons only')
    // RFC 5280 §6.3.3 (b)(2)(i): a shard speaks only for certificates that point to it.
    if (scope.urls !== undefined && !scope.urls.some((url) => certificate.crlUrls.includes(url)))
      return said('unknown', `not listed, but it is the shard ${scope.urls.slice(0, 2).join(', ')}, to which the certificate does not point`)
  }
  const old = current(answer.thisUpdate, answer.nextUpdate, now)
  return old === undefined ? said('good', `not listed (${list})`) : said('unknown', `not listed, but ${old}`)
}

export default defineCheck({
  id: 'tls/revoked',
  title: 'No certificate of the path is revoked',
  failureTitle: 'A certificate of the path is revoked',
  why: 'An authority revokes what it should not have signed or what was stolen. Most clients do not ask, so a revoked certificate seems to work until one does.',
  source: 'RFC 5280 §6.3; RFC 6960; ASVS 12.1.4',
  severity: 'high',
  clockSensitive: true,
  codes: {
    'tls.revoked': {
      meaning: 'The authority lists a certificate of the path as revoked.',
      fix: 'Make a new key, have a new certificate issued and reload the server; for an intermediate, serve the one the authority names now.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ look: revocation(hostOf(subject).fqdn) }),
  judge: ({ look }, { now }) => {
    const { tls, certificates } = look
    const leaf = certificates[0]
    if (leaf === undefined) return inconclusive('unobserved', 'no certificate was served')
    const revoked: Evidence[] = []
    const good: Evidence[] = []
    const open: Evidence[] = []
    for (const [index, { certificate, issuer, answers }] of certificates.entries()) {
      const what = `${index === 0 ? 'leaf' : 'intermediate'} ${certificateLine(certificate)}, serial ${certificate.serialHex}`
      const evidence = (received: string): Evidence => seenAt(tls, what, 'not revoked', received)
      const places = certificate.crlUrls.length + certificate.ocspUrls.length
      if (places === 0) continue
      if (issuer === undefined) {
        open.push(evidence(`${places} places to ask, but the issuer's certificate is not known, so no answer could be verified`))
        continue
      }
      const all = answers.map((answer) => ({ answer, ...meaning(answer, certificate, now) }))
      const found = all.find(({ result }) => result === 'revoked') ?? all.find(({ result }) => result === 'good')
      const line = ({ answer, how }: (typeof all)[number]): string => `${answer.by === 'crl' ? 'list' : 'OCSP'} ${answer.url}: ${how}`
      if (found === undefined) open.push(evidence(all.length === 0 ? 'no place could be asked' : all.map(line).join('; ')))
      else (found.result === 'revoked' ? revoked : good).push(evidence(line(found)))
    }
    if (revoked.length > 0) return fail('tls.revoked', [...revoked, ...open, ...good])
    if (open.length > 0) return inconclusive('unobserved', 'no current, verified answer says whether it is revoked', [...open, ...good])
    if (good.length > 0) return pass(good)
    return skip('not-applicable', 'no certificate of the path says where its revocation is published; see tls/revocation-info')
  },
  reproduce: (subject, target) =>
    `c=$(${opensslFor(target, hostOf(subject).fqdn, [])} 2>/dev/null | openssl x509); echo "$c" | openssl x509 -noout -serial; curl -sS "$(echo "$c" | openssl x509 -noout -ext crlDistributionPoints | sed -n 's/.*URI://p' | head -n 1)" | openssl crl -inform DER -noout -text`,
})

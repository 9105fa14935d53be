import { defineCheck, hostOf } from '../../helpers/check.ts'
import { signatureName } from '../../helpers/grammar/tls-names.ts'
import { attempt } from '../../helpers/probe.ts'
import { otherKeyLook } from '../../helpers/probes/other-key.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { answerText, noHosts, openssl, tlsHosts } from './shared.ts'
import { featureEvidence, noTls12, refusesTls12, tls12Hello } from './suites.ts'

/** First byte of a TLS 1.2 scheme is the hash (RFC 5246 §7.4.1.4.1). */
const HASHES: Readonly<Record<number, 'MD5' | 'SHA-1' | 'SHA-224'>> = { 1: 'MD5', 2: 'SHA-1', 3: 'SHA-224' }
const hashOf = (scheme: number): 'MD5' | 'SHA-1' | 'SHA-224' | undefined => HASHES[scheme >> 8]
const TLS12 = 0x0303

export default defineCheck({
  id: 'tls/ske-signature',
  title: 'Key exchanges are signed with SHA-2',
  failureTitle: 'A key exchange is signed with SHA-1',
  why: 'Whoever finds a collision of SHA-1 within a handshake can pose as the server. It must refuse clients that know nothing better.',
  source: 'RFC 9155; NCSC-NL TLS 2025-05',
  severity: 'medium',
  codes: {
    'tls.signature.sha1': {
      meaning: 'A client of TLS 1.2 that offers SHA-1 alone gets a key exchange signed with SHA-1 (or MD5).',
      fix: 'OpenSSL: security level 2, or SignatureAlgorithms without SHA1; Caddy: a build with Go 1.25 or newer; or speak TLS 1.3 alone.',
    },
    'tls.signature.sha224': { meaning: 'The key exchange is signed with SHA-224.', fix: 'Let the server sign with SHA-256 or better.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const asked = { host: hostOf(subject).fqdn }
    return { tls12: tls12Look(asked), look: attempt(otherKeyLook(asked)) }
  },
  judge: ({ tls12: { best }, look }) => {
    const ordinary = (received: string) => featureEvidence(best, 'signature of the key exchange in TLS 1.2', 'SHA-256 or better', received)
    if (refusesTls12(best)) return skip('not-applicable', 'TLS 1.2 is not spoken, and TLS 1.3 cannot sign with SHA-1', ordinary(noTls12(best)))
    const hello = tls12Hello(best)
    if (hello === undefined) return inconclusive('unobserved', noTls12(best))
    if (hello.version < TLS12)
      return skip('not-applicable', 'before TLS 1.2 every key exchange is signed with SHA-1; see tls/tls10, tls/tls11', ordinary(answerText(best)))
    const { keyExchange } = best.flight
    const scheme = keyExchange !== undefined && 'signature' in keyExchange ? keyExchange.signature : undefined
    const hash = scheme === undefined ? undefined : hashOf(scheme)
    const first = ordinary(scheme === undefined ? 'no signature: static key exchange' : signatureName(scheme))
    if (hash === 'MD5' || hash === 'SHA-1') return fail('tls.signature.sha1', first)
    if (!look.ok) return inconclusive('unobserved', `${look.failure.message} (${look.failure.code})`, first)
    const { answer, sha1, other } = look.value
    const asked = (received: string) => featureEvidence(answer, 'answer to a hello whose signatures for this kind of key are SHA-1', 'refused', received)
    if (sha1 === undefined)
      return inconclusive('unobserved', `whether it would sign with SHA-1 is not known: ${answerText(answer)}`, [asked('not known'), first])
    const how = other === undefined ? answerText(answer) : 'asked once more, without the other certificate'
    if (sha1) return fail('tls.signature.sha1', [asked(`signed with SHA-1 (${how})`), first])
    return hash === 'SHA-224' ? warn('tls.signature.sha224', [first, asked(how)]) : pass([asked(how), first])
  },
  reproduce: openssl(['-tls1_2', '-sigalgs', 'RSA+SHA1:ECDSA+SHA1', '-cipher', 'ALL:@SECLEVEL=0']),
})

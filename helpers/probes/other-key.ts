/** The certificate of the other kind of key that a server may have, and whether it would sign a key exchange with SHA-1. Facts only. */
import type { CertificateFacts, TlsHelloObservation } from '../observations.ts'
import { type Observed, type Probe, ProbeError } from '../probe.ts'
import { isFullDepth } from '../target.ts'
import { clientRenegotiation, kindOf } from './renegotiation.ts'
import { type HelloProbe, tlsHello } from './tls-hello.ts'
import { agrees, type Asked, at, certificatesOf, idsOfSuites, keyOf, refuses, RENEGOTIATION_SCSV, tls12Look, tls12Spec } from './tls-plan.ts'

const RSA_SHA1 = 0x0201
const ECDSA_SHA1 = 0x0203

export interface OtherKeyLook {
  /** Kind of key of the certificate that TLS 1.2 shows first. */
  readonly first: 'rsa' | 'ecdsa'
  /** To the hello that offered the other kind as clients do, and the first kind with SHA-1 signatures alone; to one for SHA-1 alone, where the other certificate had been seen before. */
  readonly answer: TlsHelloObservation
  /** Certificates of the other kind, where one is served. */
  readonly other?: readonly CertificateFacts[]
  /** The first kind signed with SHA-1. Undefined: not known (the other certificate was served instead). */
  readonly sha1?: boolean
}

const NAMES = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-SHA', 'AES256-SHA']
const SUITES = idsOfSuites(['RSA', 'ECDSA'].flatMap((kind) => NAMES.map((name) => `ECDHE-${kind}-${name}`)))
const signing = (asked: Asked, ask: string, signatureAlgorithms: readonly number[]): HelloProbe =>
  tlsHello({ ...at(asked), ask, hello: tls12Spec([...SUITES, RENEGOTIATION_SCSV], { signatureAlgorithms }) })

const signatureOf = ({ flight: { keyExchange } }: TlsHelloObservation): number | undefined =>
  keyExchange !== undefined && 'signature' in keyExchange ? keyExchange.signature : undefined
/** What a hello that offers this scheme alone tells of it. */
function signsWith(scheme: number, seen: Observed<TlsHelloObservation>): { readonly sha1?: boolean } {
  if (!seen.ok) return {}
  if (refuses(seen.value)) return { sha1: false }
  const signature = agrees(seen.value) ? signatureOf(seen.value) : undefined
  return signature === undefined ? {} : { sha1: signature === scheme }
}

/**
 * Is there a second certificate of the other kind of key (rules P14), and would the server sign with SHA-1 (RFC 9155)? One hello asks both, unless a
 * handshake that preferred the other kind has shown that certificate already.
 * @throws ProbeError `NO_TLS12` where no TLS 1.2 flight with a certificate was seen; as tlsHello
 */
export function otherKeyLook(asked: Asked): Probe<OtherKeyLook> {
  return {
    kind: 'otherKeyLook',
    key: `otherKeyLook ${keyOf(asked)}`,
    impact: 'read',
    cost: { connections: 2, requests: 0 },
    host: asked.host,
    timeoutMs: 120_000,
    async run(context) {
      const tls12 = await context.observe(tls12Look(asked))
      if (!tls12.ok) throw new ProbeError(tls12.failure)
      const { best } = tls12.value
      const { read, firstReadable } = certificatesOf(best)
      const leaf = read[0]
      if (leaf === undefined || !firstReadable)
        throw new ProbeError({ code: 'NO_TLS12', message: 'no certificate that can be read was served in TLS 1.2', phase: 'tls' })
      const first = kindOf(leaf)
      const sha1 = first === 'rsa' ? RSA_SHA1 : ECDSA_SHA1
      const alone = signing(asked, 'SHA-1 alone', [sha1])
      const second = isFullDepth(context.target) ? undefined : await context.observe(clientRenegotiation(at(asked)))
      const shown = second?.ok === true ? second.value.handshake.chain : []
      if (shown[0] !== undefined && kindOf(shown[0]) !== first) {
        const only = await context.observe(alone)
        return { first, answer: only.ok ? only.value : best, other: shown, ...signsWith(sha1, only) }
      }
      const others = first === 'rsa' ? [0x0403, 0x0503, 0x0603, 0x0807] : [0x0804, 0x0401, 0x0805, 0x0501, 0x0806, 0x0601]
      const seen = await context.observe(signing(asked, 'the other kind of key, or SHA-1', [...others, sha1]))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const answer = seen.value
      const { read: served, firstReadable: readable } = certificatesOf(answer)
      if (served[0] === undefined || !readable || !agrees(answer)) return { first, answer, ...(refuses(answer) ? { sha1: false } : {}) }
      if (kindOf(served[0]) === first) {
        const signature = signatureOf(answer)
        return { first, answer, ...(signature === undefined ? {} : { sha1: signature === sha1 }) }
      }
      return { first, answer, other: served, ...signsWith(sha1, await context.observe(alone)) }
    },
  }
}

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { attempt, type Observed } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { tls12Look } from '../../helpers/probes/tls-plan.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { noHosts, openssl, tlsHosts } from './shared.ts'
import { ordinary } from './probes.ts'

type Demand = 'required' | 'optional' | 'none' | 'not-required' | 'unknown'

const CERTIFICATE_ALERTS: ReadonlySet<string> = new Set(['ALERT_CERTIFICATE_REQUIRED', 'ALERT_BAD_CERTIFICATE', 'ALERT_NO_CERTIFICATE'])
/** nginx completes the handshake and answers 400 to whoever showed nothing; 495 and 496 are its own names for it. */
const demandedByHttp = ({ status, body }: HttpObservation): boolean =>
  status === 495 || status === 496 || (status === 400 && /\b(?:SSL|client) certificate\b/i.test(Buffer.from(body).toString('latin1', 0, 2_000)))

export default defineCheck({
  id: 'tls/mtls',
  title: 'Clients are asked for a certificate as declared',
  failureTitle: 'Clients are not asked for a certificate as declared',
  why: 'A demand that nobody declared locks visitors out or makes browsers show a dialogue; a declared one that is not enforced lets everybody in.',
  source: 'RFC 8446 §4.3.2; RFC 5246 §7.4.4; tls.clientCertificate of the target (default none)',
  severity: 'info',
  codes: {
    'tls.client-certificate.requested': {
      meaning: 'The server asks for a client certificate that nobody declared, and goes on without one.',
      fix: 'Browsers with a certificate show a dialogue: turn it off (nginx: ssl_verify_client off), or declare tls.clientCertificate: optional.',
    },
    'tls.client-certificate.required': {
      meaning: 'The server lets nobody in without a client certificate, and none is declared to be required.',
      fix: 'Turn it off (nginx: ssl_verify_client; Cloudflare: authenticated origin pulls), or declare tls.clientCertificate: required.',
    },
    'tls.client-certificate.not-required': {
      meaning: 'A client certificate is declared to be required, and the server answers without one.',
      fix: 'Turn it on for this name (nginx: ssl_verify_client on and ssl_client_certificate in the same server block).',
    },
    'tls.client-certificate.not-requested': {
      meaning: 'A client certificate is declared to be optional, and the server does not ask for one.',
      fix: 'Turn it on (nginx: ssl_verify_client optional), or take the declaration out.',
    },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => {
    const host = hostOf(subject)
    return {
      flight: attempt(tls12Look({ host: host.fqdn })),
      tls: attempt(ordinary(host)),
      answer: attempt(httpRequest({ scheme: 'https', host: host.fqdn, path: host.path })),
    }
  },
  judge: ({ flight, tls, answer }, { subject }) => {
    const declared = hostOf(subject).tls.clientCertificate ?? 'none'
    const looked = flight.ok ? flight.value.best : undefined
    const request = looked?.flight.certificateRequest
    // The whole of the server's first flight was read: then an absent request is a fact.
    const whole = looked?.flight.complete === true && looked.flight.certificateCount > 0
    const refused = [tls, answer].find((one) => !one.ok && CERTIFICATE_ALERTS.has(one.failure.code))
    const demand = ((): Demand => {
      if (refused !== undefined || (answer.ok && demandedByHttp(answer.value))) return 'required'
      if (request !== undefined) return answer.ok ? 'optional' : !tls.ok && tls.failure.code.startsWith('ALERT_') ? 'required' : 'unknown'
      if (whole) return 'none'
      return answer.ok ? 'not-required' : 'unknown'
    })()
    const seen = [
      request === undefined
        ? whole
          ? 'no CertificateRequest in TLS 1.2'
          : 'the server’s TLS 1.2 flight could not be read'
        : `CertificateRequest in TLS 1.2 (${request.authorities} authorities named)`,
      `without a certificate: handshake ${outcome(tls)}, HTTP ${answer.ok ? `answered ${answer.value.status}` : outcome(answer)}`,
    ].join('; ')
    const evidence: Evidence = {
      what: 'client certificate',
      expected: declared,
      received: `${demand}: ${seen}`,
      ...(tls.ok ? { where: tls.value.peer, at: tls.value.at } : {}),
    }
    switch (demand) {
      case 'unknown':
        return inconclusive('unobserved', 'whether a client certificate is asked for could not be told', evidence)
      case 'required':
        return declared === 'required' ? pass(evidence) : fail('tls.client-certificate.required', evidence)
      case 'optional':
        if (declared === 'required') return fail('tls.client-certificate.not-required', evidence, 'high')
        return declared === 'optional' ? pass(evidence) : warn('tls.client-certificate.requested', evidence)
      case 'none':
        if (declared === 'required') return fail('tls.client-certificate.not-required', evidence, 'high')
        return declared === 'none' ? pass(evidence) : warn('tls.client-certificate.not-requested', evidence)
      case 'not-required':
        if (declared === 'required') return fail('tls.client-certificate.not-required', evidence, 'high')
        // TLS 1.3 hides an optional request; nobody is locked out by it.
        return declared === 'none' ? pass(evidence) : inconclusive('unobserved', 'an optional request is encrypted in TLS 1.3', evidence)
      default:
        return demand satisfies never
    }
  },
  reproduce: openssl(['-tls1_2', '-msg']),
})

function outcome(seen: Observed<unknown>): string {
  return seen.ok ? 'completed' : `${seen.failure.message} (${seen.failure.code})`
}

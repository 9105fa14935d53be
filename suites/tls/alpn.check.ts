import { defineCheck, hostOf } from '../../helpers/check.ts'
import { unknownProtocolLook } from '../../helpers/probes/tls-behaviour.ts'
import { type Evidence, fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { ordinary } from './probes.ts'
import { answerText, helloEvidence, noHosts, openssl, seenAt, tlsHosts } from './shared.ts'

const NO_APPLICATION_PROTOCOL = 120
const PROTOCOL_VERSION = 70

export default defineCheck({
  id: 'tls/alpn',
  title: 'The declared application protocol is negotiated',
  failureTitle: 'Another application protocol is negotiated than declared',
  why: 'Without h2 every page load opens more connections and waits longer; a host that lost it usually lost its whole TLS configuration.',
  source: 'RFC 7301; tls.alpn of the target',
  severity: 'low',
  codes: {
    'tls.alpn.not-as-declared': {
      meaning: 'With h2 and http/1.1 offered, the server did not choose the first declared protocol.',
      fix: 'nginx: http2 on; in this server block; behind a CDN: turn HTTP/2 on there.',
    },
    'tls.alpn.wrong-alert': {
      meaning: 'A hello with an unknown protocol alone is refused with another alert than no_application_protocol (120).',
      fix: 'Update the TLS library; clients go by this alert when they try again with another protocol.',
    },
    'tls.alpn.unknown-chosen': {
      meaning: 'A protocol that nobody speaks was accepted because the client offered it.',
      fix: 'Choose from a list of protocols that are spoken; do not echo the first that is offered.',
    },
    'tls.alpn.absent': { meaning: 'The server chose no protocol at all.', fix: 'Turn HTTP/2 on, or at least ALPN, at the server that terminates TLS.' },
  },
  options: {},
  subjects: tlsHosts,
  unless: noHosts,
  needs: (subject) => ({ tls: ordinary(hostOf(subject)), look: unknownProtocolLook({ host: hostOf(subject).fqdn }) }),
  judge: ({ tls, look: { seen: unknown } }, { subject }) => {
    const wanted = hostOf(subject).tls.alpn?.[0]
    const evidence: Evidence[] = [seenAt(tls, 'protocol chosen when h2 and http/1.1 are offered', wanted ?? 'h2 or http/1.1', tls.alpn ?? 'none')]
    if (wanted !== undefined && tls.alpn !== wanted) return fail('tls.alpn.not-as-declared', evidence, 'high')
    if (tls.alpn === undefined) return warn('tls.alpn.absent', evidence)
    if (unknown === undefined) return pass(evidence)
    const what = 'hello that offers an unknown protocol alone'
    const expected = 'alert no_application_protocol (120), or no protocol chosen'
    if (!unknown.ok) {
      evidence.push(helloEvidence(unknown, what, expected, `${unknown.failure.message} (${unknown.failure.code})`))
      return inconclusive('unobserved', `no answer to an unknown protocol: ${unknown.failure.message}`, evidence)
    }
    const { hello, alert } = unknown.value.flight
    // ProtocolNameList of one: two lengths, then the name.
    const named = hello?.extensions.find(({ type }) => type === 16)?.data.subarray(3)
    const chosen = named === undefined ? undefined : Buffer.from(named).toString('latin1')
    evidence.push(
      helloEvidence(
        unknown,
        what,
        expected,
        `${answerText(unknown.value)}${hello === undefined ? '' : chosen === undefined ? ', none chosen' : `, ${JSON.stringify(chosen)} chosen`}`,
      ),
    )
    // Apache without HTTP/2 says http/1.1 to everybody, offered or not: a client that cannot speak it ends the connection itself.
    if (chosen === 'http/1.1') return pass(evidence)
    if (chosen !== undefined) return fail('tls.alpn.unknown-chosen', evidence)
    // Asked in TLS 1.2, where the answer is in plain text; a server of TLS 1.3 alone looks at the version first.
    if (hello !== undefined || alert?.description === NO_APPLICATION_PROTOCOL || alert?.description === PROTOCOL_VERSION) return pass(evidence)
    return fail('tls.alpn.wrong-alert', evidence)
  },
  reproduce: openssl(['-alpn', 'h2,http/1.1']),
  covers: ['A16', 'D2', 'B14'],
})

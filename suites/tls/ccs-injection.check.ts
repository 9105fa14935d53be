import { defineCheck, hostOf } from '../../helpers/check.ts'
import { alertName } from '../../helpers/grammar/tls-names.ts'
import { ccsInjection, changeCipherSpec, plainHello, type Reaction, tookCcs } from '../../helpers/probes/tls-vulnerabilities.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth, showBytes } from './depth.ts'
import { answerText } from './shared.ts'

const ENOUGH = 3
const reaction = ({ alerts, end }: Reaction): string =>
  alerts[0] !== undefined
    ? `alert ${alertName(alerts[0])} (${alerts[0]})`
    : end === 'open'
      ? 'nothing'
      : end === 'fin'
        ? 'connection closed'
        : 'connection reset'

export default defineCheck({
  id: 'tls/ccs-injection',
  title: 'Encryption cannot be switched on before there is a key',
  failureTitle: 'Encryption can be switched on before there is a key (CCS injection)',
  why: 'Somebody in between who sends ChangeCipherSpec early makes both sides use a key that everybody knows, and reads and changes everything.',
  source: 'CVE-2014-0224; RFC 5246 §7.1',
  severity: 'high',
  codes: {
    'tls.ccs-injection': {
      meaning: 'ChangeCipherSpec in the middle of the handshake was accepted: what came next was taken as encrypted.',
      fix: 'Update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h and later), on the load balancer too.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ tries: ccsInjection({ host: hostOf(subject).fqdn }) }),
  judge: ({ tries }) => {
    const evidence = tries.map(({ hello, before, first, second }) => ({
      what: 'ChangeCipherSpec before the key exchange',
      expected: 'alert unexpected_message (10)',
      received:
        first === undefined
          ? before === undefined
            ? answerText(hello)
            : `before anything was sent: ${reaction(before)}`
          : `${reaction(first)}${second === undefined ? '' : `; to a second one: ${reaction(second)}`}`,
      where: hello.peer,
      at: hello.at,
    }))
    const [one] = tries
    if (one === undefined) return inconclusive('defect', 'nothing was tried')
    const positive = tries.filter(tookCcs).length
    if (positive >= ENOUGH) return fail('tls.ccs-injection', evidence)
    if (positive > 0) return inconclusive('unobserved', `accepted in ${positive} of ${tries.length} tries: not the same every time`, evidence)
    const { hello, first, second } = one
    if (first === undefined) {
      return hello.flight.alert?.description === 70
        ? skip('not-applicable', 'TLS 1.2 is refused, and TLS 1.3 gives ChangeCipherSpec no meaning', evidence)
        : inconclusive('unobserved', 'no handshake of TLS 1.2 could be interrupted', evidence)
    }
    // The connection was left alone until the message came: ending it then is an answer to it.
    if (first.alerts.length > 0 || first.end !== 'open') return pass(evidence)
    return second !== undefined && second.alerts.length > 0
      ? pass(evidence)
      : inconclusive('unobserved', 'ChangeCipherSpec was neither refused nor visibly accepted', evidence)
  },
  reproduce: showBytes((host) => ({
    request: plainHello({ host }),
    after: Buffer.concat([changeCipherSpec(), changeCipherSpec()]),
    shown: 'last',
  })),
})

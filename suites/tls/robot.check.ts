import { defineCheck, hostOf } from '../../helpers/check.ts'
import { alertName, suiteName } from '../../helpers/grammar/tls-names.ts'
import { PADDINGS, type Reaction, reactionsAgree, robot, usesRsaKeyExchange } from '../../helpers/probes/tls-vulnerabilities.ts'
import { type Evidence, fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { hostsInFullDepth, onlyInFullDepth } from './depth.ts'
import { openssl, suitesProof } from './shared.ts'

const ENOUGH = 3
const said = ({ alerts, end }: Reaction): string =>
  [
    ...alerts.map((one) => `alert ${alertName(one)} (${one})`),
    ...(end === 'open' ? (alerts.length === 0 ? ['nothing'] : []) : [end === 'fin' ? 'closed' : 'reset']),
  ].join(', ')
/** Whether a connection ended politely is a matter of moments. */
const roughly = ({ alerts, end }: Reaction): string => `${alerts.join(',')} ${end === 'open' ? 'open' : 'ended'}`

export default defineCheck({
  id: 'tls/robot',
  title: 'Answers to an RSA key exchange do not tell what was wrong with it',
  failureTitle: 'Answers to an RSA key exchange tell what was wrong with it (ROBOT)',
  why: 'Whoever can tell right padding from wrong can decrypt recorded sessions, or sign in the name of the server, with some ten thousand questions.',
  source: 'CVE-2017-13099 and its kin; Böck, Somorovsky, Young: Return Of Bleichenbacher’s Oracle Threat (2018); RFC 5246 §7.4.7.1',
  severity: 'high',
  codes: {
    'tls.robot': {
      meaning: 'Key exchanges with different padding are answered differently, each time in the same way.',
      fix: 'Switch off RSA key exchange (nginx: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20), and update the TLS library or load balancer.',
    },
  },
  options: {},
  subjects: hostsInFullDepth,
  unless: onlyInFullDepth,
  needs: (subject) => ({ look: robot({ host: hostOf(subject).fqdn }) }),
  judge: ({ look: { weak, suite, rounds, peer, at } }) => {
    const where = { ...(peer === undefined ? {} : { where: peer }), at }
    if (suite === undefined) {
      const proof = suitesProof(weak, ({ id }) => usesRsaKeyExchange(id))
      const evidence = { what: 'RSA key exchange', expected: 'refused, or five paddings answered alike', received: proof.how, ...where }
      return proof.result === 'refused'
        ? pass(evidence)
        : inconclusive('unobserved', `whether RSA key exchange is accepted is not known: ${proof.how}`, evidence)
    }
    const evidence = rounds.map(
      (round, index): Evidence => ({
        what: `answers to five paddings of an RSA key exchange with ${suiteName(suite)}, ${round.flow === 'whole' ? 'Finished following' : 'nothing following'}, round ${index + 1}`,
        expected: 'the same to all',
        received: reactionsAgree(round) ? said(round.reactions.right) : PADDINGS.map((padding) => `${padding}: ${said(round.reactions[padding])}`).join('; '),
        ...where,
      }),
    )
    const [first] = rounds
    if (first === undefined) return inconclusive('defect', 'nothing was tried', evidence)
    const different = rounds.filter((round) => !reactionsAgree(round))
    if (different.length === 0) {
      const mute = first.reactions.right
      return mute.alerts.length === 0 && mute.end === 'open' ? inconclusive('unobserved', 'nothing was answered to any padding', evidence) : pass(evidence)
    }
    const flow = rounds.filter((round) => round.flow === different[0]?.flow)
    const same = flow.every((round) => PADDINGS.every((padding) => said(round.reactions[padding]) === said((flow[0] as typeof round).reactions[padding])))
    if (same && flow.length >= ENOUGH) return fail('tls.robot', evidence)
    if (rounds.every((round) => reactionsAgree(round, roughly))) return pass(evidence)
    return inconclusive('unobserved', 'answers differ, but not in the same way every time', evidence)
  },
  reproduce: openssl(['-tls1_2', '-cipher', 'kRSA:@SECLEVEL=0']),
})

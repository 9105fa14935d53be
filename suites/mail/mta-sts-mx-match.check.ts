import { defineCheck } from '../../helpers/check.ts'
import { mxMatches, readMtaStsPolicy } from '../../helpers/grammar/mta-sts.ts'
import { bodyText } from '../../helpers/headers.ts'
import { dnsQuery } from '../../helpers/probes/dns.ts'
import { mtaSts, mtaStsUrl } from '../../helpers/probes/mail-dns.ts'
import { curlFor, digFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachMailDomain, exchangesOf, isAnswer, noMail, seenAt } from './shared.ts'

export default defineCheck({
  id: 'mail/mta-sts-mx-match',
  title: 'The MTA-STS policy names every mail server',
  failureTitle: 'A mail server is not named by the MTA-STS policy',
  why: 'Senders that enforce the policy deliver nothing to a server that it does not name: after a move of the mail servers all mail waits, then bounces.',
  source: 'RFC 8461 §4.1 (an asterisk stands for exactly one label)',
  severity: 'high',
  codes: {
    'mail.mta-sts.mx-unmatched': {
      meaning: 'No mx of the policy means this mail server.',
      fix: 'Add the server to the policy, then change the id of the record.',
    },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ sts: mtaSts(name), mx: dnsQuery({ name, type: 'MX' }) }),
  judge: ({ sts: { policy }, mx }, { subject }) => {
    const servers = seenAt(mx, 'names that the policy means')
    if (!isAnswer(mx)) return inconclusive('unobserved', `MX was answered with ${mx.rcode}`, servers)
    const read = policy?.ok === true && policy.value.status === 200 ? readMtaStsPolicy(bodyText(policy.value)) : undefined
    if (read?.ok !== true) return skip('not-applicable', 'there is no policy that reads (mail/mta-sts-policy)', servers)
    const { mode, mx: patterns } = read.value
    if (mode === 'none') return skip('not-applicable', 'the policy is withdrawn (mode: none)', servers)
    const names = exchangesOf(mx).filter((name) => name !== '.')
    if (names.length === 0) return skip('not-applicable', 'the domain names no mail server', servers)
    return worst(
      names.map((name): Finding => {
        const matching = patterns.filter((pattern) => mxMatches(pattern, name))
        const evidence = {
          what: `mail server ${name}`,
          expected: `one of ${patterns.join(', ')}`,
          received: matching.length > 0 ? `named by ${matching.join(', ')}` : `named by none (mode: ${mode})`,
          where: mtaStsUrl(subject.name),
        }
        return matching.length > 0 ? { grade: 'pass', evidence } : { grade: mode === 'enforce' ? 'fail' : 'warn', code: 'mail.mta-sts.mx-unmatched', evidence }
      }),
    )
  },
  reproduce: (subject, target) => `${digFor(target, subject.name, 'MX')}; ${curlFor(target, mtaStsUrl(subject.name), { flags: ['-sS', '-i'] })}`,
})

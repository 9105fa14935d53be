import { defineCheck } from '../../helpers/check.ts'
import { atServers, eachExchanger, eachServed, envelope, envelopeText, exchangerEnvelopes, fateOf, line, noServers } from './servers.ts'

export default defineCheck({
  id: 'mail/null-sender',
  title: 'The mail servers take bounces',
  failureTitle: 'A mail server refuses bounces',
  why: 'Reports of undelivered mail come from the null sender: a server that refuses it never tells anybody that mail was lost, and some receivers refuse such domains.',
  source: 'RFC 5321 §4.5.5, §6.1; RFC 2505 §2.6.1',
  severity: 'medium',
  codes: {
    'mail.null-sender.refused': {
      meaning: 'A mail server refuses MAIL FROM:<>.',
      fix: 'Accept the null sender; what it sends may still be filtered by its content.',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }, target) => ({ look: exchangerEnvelopes(name, target) }),
  judge: ({ look }) =>
    eachExchanger(look, 'no server was asked', (seen, name) => {
      const one = envelope(seen, 'postmaster')
      if (seen.without !== undefined || one === undefined) return [{ unknown: `${name}: ${seen.without ?? 'was not asked'}` }]
      const evidence = line(seen, `${name}: null sender`, 'MAIL FROM:<> is accepted', envelopeText(one))
      const fate = fateOf(one)
      const other = envelope(seen, 'stranger to postmaster')
      // Some say only at RCPT what they think of the sender: what others may send to is refused him alone.
      if (fate === 'sender' || (fate === 'refused' && other !== undefined && fateOf(other) === 'accepted'))
        return [{ grade: 'fail', code: 'mail.null-sender.refused', evidence }]
      // What a recipient is refused for is another check's (mail/role-addresses): the sender was accepted before.
      if (fate === 'accepted' || fate === 'address') return [{ grade: 'pass', evidence }]
      return [{ unknown: `${name}: ${envelopeText(one)}`, evidence }]
    }),
  reproduce: ({ name }, target) => atServers(target, name, `swaks --server "$mx":25 --from '<>' --to postmaster@${name} --quit-after RCPT`),
})

import { defineCheck } from '../../helpers/check.ts'
import { atServers, eachExchanger, eachServed, envelope, envelopeText, exchangerEnvelopes, fateOf, line, noServers, refusesUs, type Shown } from './servers.ts'

export default defineCheck({
  id: 'mail/role-addresses',
  title: 'postmaster and abuse can be written to',
  failureTitle: 'postmaster or abuse cannot be written to',
  why: 'Who notices that something is wrong with the mail of a domain writes to these addresses; blocklists and large receivers ask for them.',
  source: 'RFC 5321 §4.5.1 (postmaster must be accepted); RFC 2142 §4 (abuse)',
  severity: 'medium',
  codes: {
    'mail.postmaster.refused': { meaning: 'Mail to postmaster of the domain is refused.', fix: 'Make the address, or an alias that somebody reads.' },
    'mail.abuse.refused': { meaning: 'Mail to abuse of the domain is refused.', fix: 'Make the address, or an alias that somebody reads.' },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }, target) => ({ look: exchangerEnvelopes(name, target) }),
  judge: ({ look }, { subject }) =>
    eachExchanger(look, 'no server was asked', (seen, name) => {
      if (seen.without !== undefined) return [{ unknown: `${name}: ${seen.without}` }]
      return (['postmaster', 'abuse'] as const).flatMap((role): Shown<'mail.postmaster.refused' | 'mail.abuse.refused'> => {
        const one = envelope(seen, role)
        if (one === undefined) return [{ unknown: `${name}: ${role} was not asked for` }]
        const evidence = line(seen, `${name}: ${role}@${subject.name}`, 'the recipient is accepted', envelopeText(one))
        const fate = fateOf(one)
        if (fate === 'accepted') return [{ grade: 'pass', evidence }]
        if (fate === 'address' || (fate === 'refused' && !refusesUs(seen)))
          return [
            role === 'postmaster' ? { grade: 'fail', code: 'mail.postmaster.refused', evidence } : { grade: 'warn', code: 'mail.abuse.refused', evidence },
          ]
        // Refused for the sender or for us: this says nothing of the recipient.
        return [{ unknown: `${name}, ${role}: ${envelopeText(one)}`, evidence }]
      })
    }),
  reproduce: ({ name }, target) => atServers(target, name, `swaks --server "$mx":25 --from '<>' --to postmaster@${name} --quit-after RCPT`),
})

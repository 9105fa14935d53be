import { defineCheck } from '../../helpers/check.ts'
import { spfCheckHost } from '../../helpers/probes/spf.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { eachSenderAddress, senderAddressOf } from './shared.ts'
import { judgeSpf } from './spf-result.ts'

export default defineCheck({
  id: 'mail/spf-sender-authorised',
  title: 'SPF lets every declared sender through',
  failureTitle: 'SPF refuses a declared sender',
  why: 'Mail from an address that the own record does not allow is refused or lands among the junk, and nobody here is told.',
  source: 'RFC 7208 §4 (check_host), §2.6 (results), for the envelope sender that is really used',
  severity: 'high',
  covers: ['D41'],
  codes: {
    'mail.spf.sender.fail': { meaning: 'The record refuses the address.', fix: 'Add the address, or the include of the provider, in front of all.' },
    'mail.spf.sender.softfail': {
      meaning: 'The record marks the address as probably forged (~all).',
      fix: 'Add the address, or the include of the provider, in front of all.',
    },
    'mail.spf.sender.neutral': { meaning: 'The record says nothing of the address.', fix: 'Add the address, or the include of the provider.' },
    'mail.spf.sender.none': {
      meaning: 'The domain of the envelope sender has no SPF record.',
      fix: 'Publish one at that very domain: records of the domain above do not count.',
    },
    'mail.spf.sender.permerror': {
      meaning: 'The record cannot be evaluated for the address.',
      fix: 'Repair what the evidence names: syntax, dead includes, too many lookups.',
    },
  },
  options: {},
  subjects: eachSenderAddress,
  unless: { skip: 'not-declared', reason: 'no sender with addresses is declared (mail.senders)' },
  needs: (subject) => {
    const { sender, address } = senderAddressOf(subject)
    return { spf: spfCheckHost({ address, domain: sender.mailFrom, sender: `postmaster@${sender.mailFrom}`, helo: sender.helo ?? sender.mailFrom }) }
  },
  judge: ({ spf }, { subject }) => {
    const { sender, address } = senderAddressOf(subject)
    return judgeSpf(spf, 'mail.spf.sender', { what: `SPF of ${sender.mailFrom} for ${address}` })
  },
  reproduce: (subject, target) => digFor(target, senderAddressOf(subject).sender.mailFrom, 'TXT'),
})

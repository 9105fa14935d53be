import { defineCheck } from '../../helpers/check.ts'
import { mailLinkUses, type OpenedLink } from '../../helpers/probes/mail-link.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, linkOf, nothingArrived, seenIn } from './delivery.ts'
import { accepts, takenIn } from './link-use.ts'

const said = (one: OpenedLink | undefined): string =>
  one === undefined ? 'not asked' : one.ok ? [one.value.status, ...one.value.hops].join(' → ') : `${one.message} (${one.code})`

export default defineCheck({
  id: 'mail/link-single-use',
  title: 'The link of the mail works once',
  failureTitle: 'The link of the mail does not work exactly once',
  why: 'A reset link that works twice opens the account to everybody who finds the letter later: in a forwarded thread, in a backup, in a proxy log.',
  source: 'OWASP ASVS 5.0 6.4.3, OWASP Forgot Password Cheat Sheet (tokens are single use); requirements A70',
  severity: 'high',
  covers: ['A70'],
  codes: {
    'mail.link.reused': { meaning: 'The second use was accepted.', fix: 'Delete the token, or mark it as used, in the same transaction that it is used in.' },
    'mail.link.unusable': { meaning: 'The first use was refused.', fix: 'Look at the answer: the token may be spent by opening the page, or never be stored.' },
  },
  options: {},
  subjects: eachDelivery(({ expect }) => expect?.link?.singleUse === true),
  unless: { skip: 'not-declared', reason: 'no delivery declares a link that is used once (mail.delivery.expect.link.singleUse)' },
  needs: (subject) => ({ uses: mailLinkUses(deliveryOf(subject), linkOf(subject)) }),
  judge: ({ uses }, { subject }) => {
    const { link, first, second } = uses
    const { delivery } = link
    const [mail] = delivery.mails
    if (mail === undefined) return nothingArrived(delivery)
    const declared = linkOf(subject)
    const at = seenIn(delivery, mail)
    if (first === undefined || second === undefined)
      return skip('not-applicable', 'there is no link of this domain with a value (mail/link)', {
        what: 'link',
        expected: 'one to use',
        received: link.shown ?? 'none',
        ...at,
      })
    const how = declared.use === undefined ? `GET ${link.shown ?? ''}` : `${declared.use.method ?? 'POST'} ${declared.use.url}`
    const evidence = [
      { what: `${how}, first time`, expected: 'works', received: said(first), ...at },
      { what: `${how}, second time`, expected: 'refused', received: said(second), ...at },
    ]
    const silent = [first, second].find((one) => !one.ok || one.value.obstacle)
    if (silent !== undefined) return inconclusive('unobserved', `no answer to judge by: ${said(silent)}`, evidence)
    if (!accepts(declared, first))
      return declared.use === undefined ? skip('not-applicable', 'it does not work at all (mail/link)', evidence) : fail('mail.link.unusable', evidence)
    return takenIn(declared, second, first) ? fail('mail.link.reused', evidence) : pass(evidence)
  },
  reproduce: letterLine('use its link twice'),
})

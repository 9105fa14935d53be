import { defineCheck } from '../../helpers/check.ts'
import { mailLinkUses, type OpenedLink } from '../../helpers/probes/mail-link.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, linkOf, nothingArrived, seenIn } from './delivery.ts'
import { accepts, takenIn } from './link-use.ts'

const said = (one: OpenedLink | undefined): string =>
  one === undefined ? 'not asked' : one.ok ? [one.value.status, ...one.value.hops].join(' → ') : `${one.message} (${one.code})`

export default defineCheck({
  id: 'mail/link-forged',
  title: 'A link with another value is refused',
  failureTitle: 'A link with another value is accepted',
  why: 'Where one changed letter still opens the account, the value is not looked at, and anybody can make such a link.',
  source: 'OWASP ASVS 5.0 6.4.3; requirements A47 (a bad token is refused), A70',
  severity: 'critical',
  covers: ['A70'],
  codes: {
    'mail.link.forged': {
      meaning: 'With one letter of its value changed it was accepted.',
      fix: 'Look up the whole value, or verify the signature of the token, before anything else.',
    },
  },
  options: {},
  subjects: eachDelivery(({ expect }) => expect?.link?.singleUse === true),
  unless: { skip: 'not-declared', reason: 'no delivery declares a link that is used once (mail.delivery.expect.link.singleUse)' },
  needs: (subject) => ({ uses: mailLinkUses(deliveryOf(subject), linkOf(subject)) }),
  judge: ({ uses }, { subject }) => {
    const { link, forged, first } = uses
    const [mail] = link.delivery.mails
    if (mail === undefined) return nothingArrived(link.delivery)
    const declared = linkOf(subject)
    const at = seenIn(link.delivery, mail)
    const evidence = { what: `${link.shown ?? 'link'} with one letter changed`, expected: 'refused', received: said(forged), ...at }
    if (forged === undefined) return skip('not-applicable', 'there is no link of this domain with a value to change (mail/link)', evidence)
    if (!forged.ok || forged.value.obstacle) return inconclusive('unobserved', `no answer to judge by: ${said(forged)}`, evidence)
    // A single-page application shows the same page whatever the link says; only a page that has the declared text was taken in.
    if (!takenIn(declared, forged, first)) return pass(evidence)
    return accepts(declared, first) ? fail('mail.link.forged', evidence) : skip('not-applicable', 'the link does not work as it is (mail/link)', evidence)
  },
  reproduce: letterLine('change a letter in the value of its link and use it'),
})

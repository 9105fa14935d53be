import { defineCheck } from '../../helpers/check.ts'
import { mailDelivery } from '../../helpers/probes/mail-delivery.ts'
import { maskedUrl } from '../../helpers/probes/mail-link.ts'
import { type Finding, pass, worst } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, leadsInside, letterLine, noDelivery, nothingArrived, seenIn } from './delivery.ts'

const HOST = /^(https?):\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i

export default defineCheck({
  id: 'mail/message-links',
  title: 'No link of the mail leads inside or is unencrypted',
  failureTitle: 'Links of the mail lead inside, or are unencrypted',
  why: 'A link to localhost, to staging or to a container works for nobody who gets the letter; an http link shows its secret to every network on the way.',
  source: 'Requirements F-mail-4 (localhost, http or the staging host); RFC 6761 (names that are no names of the internet)',
  severity: 'high',
  covers: ['A70'],
  codes: {
    'mail.links.internal': {
      meaning: 'A link leads to a name or address that only exists inside, or to a declared inner host.',
      fix: 'Set the public address of the application (APP_URL, ROOT_URL, PUBLIC_URL) where it is deployed.',
    },
    'mail.links.http': { meaning: 'A link is http.', fix: 'Set the public address to https, and let the application trust X-Forwarded-Proto of its proxy.' },
    'mail.links.picture-http': { meaning: 'A picture is loaded over http: mail programs leave it out.', fix: 'Load pictures over https.' },
    'mail.links.broken': { meaning: 'A link has no host.', fix: 'Look at the address that the template was given.' },
  },
  options: {},
  subjects: eachDelivery(),
  unless: noDelivery,
  needs: (subject) => ({ mail: mailDelivery(deliveryOf(subject)) }),
  judge: ({ mail }, { subject, target }) => {
    const [first] = mail.mails
    if (first === undefined) return nothingArrived(mail)
    const inner = (deliveryOf(subject).expect?.internal ?? []).map((name) => name.toLowerCase())
    const { links } = first.content
    const at = seenIn(mail, first)
    if (links.length === 0) return pass({ what: `${subject.name}: links`, expected: 'none that leads inside', received: 'none at all', ...at })
    return worst(
      links.map(({ url, where }): Finding => {
        const [, scheme = '', raw = ''] = HOST.exec(url) ?? []
        const host = raw.toLowerCase()
        const evidence = {
          what: where === 'image' ? 'picture' : `link in the ${where}`,
          expected: 'https, to a host that everybody reaches',
          received: maskedUrl(url).slice(0, 300),
          ...at,
        }
        if (host === '') return { grade: 'fail', code: 'mail.links.broken', evidence }
        if (leadsInside(host, target) || inner.some((name) => host === name || host.endsWith(`.${name}`)))
          return { grade: 'fail', code: 'mail.links.internal', evidence }
        if (scheme.toLowerCase() === 'http')
          return where === 'image'
            ? { grade: 'warn', code: 'mail.links.picture-http', severity: 'low', evidence }
            : { grade: 'fail', code: 'mail.links.http', evidence }
        return { grade: 'pass', evidence }
      }),
    )
  },
  reproduce: letterLine('href and src'),
})

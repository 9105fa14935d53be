import { defineCheck } from '../../helpers/check.ts'
import { mailLinkOpened } from '../../helpers/probes/mail-link.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { deliveryOf, eachDelivery, letterLine, linkOf, nothingArrived, seenIn } from './delivery.ts'

export default defineCheck({
  id: 'mail/link',
  title: 'The link of the mail leads where it should and works',
  failureTitle: 'The link of the mail does not work',
  why: 'A reset link to another host, over http or to an error page leaves people locked out after a mail that came in time.',
  source: 'Requirements A70, F-mail-4; RFC 9110 §15; as declared in mail.delivery.expect.link',
  severity: 'high',
  covers: ['A69', 'A70'],
  codes: {
    'mail.link.missing': { meaning: 'The letter has no such link.', fix: 'Look at the template; declare link.path where it looks different.' },
    'mail.link.host': {
      meaning: 'It leads to another host than declared.',
      fix: 'Set the public address of the application (APP_URL, ROOT_URL) where it is deployed.',
    },
    'mail.link.http': { meaning: 'It is http: whoever listens can use it first.', fix: 'Set the public address to https.' },
    'mail.link.status': {
      meaning: 'Opened, it answers with something else than it should.',
      fix: 'Open it and look: route of the single-page application, proxy, expired at once.',
    },
    'mail.link.marker': {
      meaning: 'The opened page does not have the declared text.',
      fix: 'Look at the page: the link may land on the home page or on a login.',
    },
    'mail.link.token': { meaning: 'It carries no value, so it can be nobody’s.', fix: 'Look at the template: the variable of the token is empty or renamed.' },
    'mail.link.unreachable': { meaning: 'Nothing answers there, or it is not to be trusted.', fix: 'Look at name, certificate and proxy of that host.' },
  },
  options: {},
  subjects: eachDelivery(({ expect }) => expect?.link !== undefined),
  unless: { skip: 'not-declared', reason: 'no delivery declares a link (mail.delivery.expect.link)' },
  needs: (subject) => ({ link: mailLinkOpened(deliveryOf(subject), linkOf(subject)) }),
  judge: ({ link }, { subject, target }) => {
    const { delivery, shown, scheme, host, opened } = link
    const [mail] = delivery.mails
    if (mail === undefined) return nothingArrived(delivery)
    const declared = linkOf(subject)
    const at = seenIn(delivery, mail)
    const evidence = {
      what: `${subject.name}: link`,
      expected: declared.path === undefined ? 'one' : `one with ${declared.path}`,
      received: shown ?? 'none',
      ...at,
    }
    if (shown === undefined || scheme === undefined || host === undefined) return fail('mail.link.missing', evidence)
    const name = declared.host?.toLowerCase()
    const hosts = name === undefined ? target.hosts.map(({ fqdn }) => fqdn) : name === '@' ? [target.domain] : [name, `${name}.${target.domain}`]
    if (!hosts.includes(host)) return fail('mail.link.host', { ...evidence, expected: `a link to ${hosts.slice(0, 8).join(' or ')}` })
    if (scheme !== 'https') return fail('mail.link.http', { ...evidence, expected: 'https' })
    if (!link.hasToken && (declared.use !== undefined || declared.singleUse === true || declared.parameter !== undefined))
      return fail('mail.link.token', { ...evidence, expected: 'a value of its own' })
    const wanted = declared.status === undefined ? [200] : [declared.status].flat()
    const answer = {
      what: `GET ${shown}`,
      expected: `${wanted.join(' or ')}${declared.marker === undefined ? '' : ` with ${JSON.stringify(declared.marker)}`}`,
    }
    if (opened === undefined) return inconclusive('unobserved', 'it leads out of the domain and was not opened', evidence)
    if (!opened.ok) return fail('mail.link.unreachable', [{ ...answer, received: `${opened.message} (${opened.code})` }, evidence])
    const { status, hops, text, obstacle } = opened.value
    const received = `${status}${hops.length === 0 ? '' : ` after ${hops.join(' → ')}`}`
    if (obstacle && !wanted.includes(status)) return inconclusive('unobserved', `a wall or an overloaded server answered: ${status}`, { ...answer, received })
    if (!wanted.includes(status)) return fail('mail.link.status', [{ ...answer, received }, evidence])
    if (declared.marker !== undefined && !text.includes(declared.marker))
      return fail('mail.link.marker', [{ ...answer, received: `${received} without it` }, evidence])
    return pass([{ ...answer, received }, evidence])
  },
  reproduce: letterLine("open its link with curl -sS -i '<link>'"),
})

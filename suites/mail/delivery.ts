/** What the checks of received mail share: which deliveries are judged, and what is said where nothing came. */
import { curlFor, secretWord, shellQuote } from '../../helpers/reproduce.ts'
import type { Subject } from '../../helpers/check.ts'
import type { DeliveryObservation, ReceivedMail } from '../../helpers/probes/mail-delivery.ts'
import { pinnedAddresses, realPort, type Target } from '../../helpers/target.ts'
import type { MailDelivery, MailLink } from '../../helpers/target/mail-delivery.ts'
import { type Evidence, inconclusive, skip, type Verdict } from '../../helpers/verdict.ts'

export const noDelivery = { skip: 'not-declared', reason: 'no delivery is declared (mail.delivery)' } as const
export const deliveriesOf = (target: Target): readonly MailDelivery[] => target.file.mail?.delivery ?? []

export const eachDelivery =
  (keep: (delivery: MailDelivery) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    deliveriesOf(target)
      .filter(keep)
      .map((item) => ({ name: item.name, item }))
export const deliveryOf = (subject: Subject): MailDelivery => subject.item as MailDelivery
export const linkOf = (subject: Subject): MailLink => deliveryOf(subject).expect?.link ?? {}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`

/** Where a letter was seen, and when. */
export const seenIn = (delivery: DeliveryObservation, mail?: ReceivedMail): Pick<Evidence, 'where' | 'at'> => ({
  where: `${delivery.inbox}${mail?.folder === undefined ? '' : ` ${mail.folder}`}`,
  at: mail === undefined ? delivery.triggeredAt : new Date(mail.arrivedAt).toISOString(),
})

/** There is nothing to judge about a letter that did not come: mail/delivery says so. */
export function nothingArrived(delivery: DeliveryObservation): Verdict {
  const evidence = { what: `mail to ${delivery.address}`, expected: 'a letter to judge', received: delivery.state, ...seenIn(delivery) }
  return delivery.state === 'no-inbox'
    ? inconclusive('unobserved', `the inbox could not be read: ${delivery.failure?.message ?? 'unknown'}`, evidence)
    : skip('not-applicable', 'nothing arrived (mail/delivery)', evidence)
}

/** With a mark that anybody can choose, secrets by name. */
const example = (text: string, to: string): string =>
  text
    .replaceAll('{address}', to)
    .replaceAll('{token}', 'check1')
    .replace(/\{secret:([A-Za-z0-9_-]+)\}/g, (_, name: string) => `$${name}`)

/** What makes the mail be sent, by hand. */
export function triggerLine(subject: Subject, target: Target): string {
  const { to, trigger } = deliveryOf(subject)
  const address = to.replaceAll('{token}', 'check1')
  const { submission, requests } = trigger
  if (submission !== undefined) {
    const security = submission.security ?? 'starttls'
    const logical = submission.port ?? (security === 'tls' ? 465 : 587)
    const words = [
      'swaks',
      '--server',
      pinnedAddresses(target, submission.host)?.[0] ?? submission.host,
      '--port',
      String(realPort(target, logical) ?? logical),
    ]
    if (security === 'tls') words.push('--tls-on-connect')
    else if (security === 'starttls') words.push('--tls')
    words.push('--from', submission.from.replaceAll('{token}', 'check1'), '--to', address)
    const line = words.map(shellQuote).join(' ')
    return submission.user === undefined
      ? line
      : `${line} --auth-user ${shellQuote(submission.user)} --auth-password ${secretWord(target, submission.password, 'PASSWORD')}`
  }
  const request = requests?.at(-1)
  if (request === undefined) return ''
  const body =
    request.json !== undefined
      ? example(JSON.stringify(request.json), address)
      : request.form !== undefined
        ? new URLSearchParams(Object.entries(request.form).map(([name, value]): [string, string] => [name, example(value, address)])).toString()
        : undefined
  return curlFor(target, example(request.url.replaceAll('{domain}', target.domain), encodeURIComponent(address)), {
    method: request.method ?? 'POST',
    flags: ['-sS', '-i'],
    headers: [
      ...(body === undefined ? [] : ([['content-type', request.json === undefined ? 'application/x-www-form-urlencoded' : 'application/json']] as const)),
      ...Object.entries(request.headers ?? {}).map(([name, value]) => [name, example(value, address)] as const),
    ],
    ...(body === undefined ? {} : { body }),
  })
}
/** The same, and then the letter is looked at. */
export const letterLine =
  (look: string) =>
  (subject: Subject, target: Target): string =>
    `${triggerLine(subject, target)}  # then, of the letter that arrives: ${look}`

/** A name that only exists inside, other than those of the target itself: a whole deployment may live under .test or .internal. */
export const leadsInside = (host: string, { domain }: Target): boolean => isInnerHost(host) && host !== domain && !host.endsWith(`.${domain}`)

/** Names of the standard, of examples and of machines: no link of a letter to people leads there. */
export const isInnerHost = (host: string): boolean =>
  /^(?:localhost|.*\.(?:localhost|local|internal|intranet|lan|home|corp|test|example|invalid|home\.arpa)|host\.docker\.internal|0\.0\.0\.0|127\.\d+\.\d+\.\d+|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|172\.(?:1[6-9]|2\d|3[01])\.\d+\.\d+|169\.254\.\d+\.\d+|\[?::1\]?|\[?f[cde][0-9a-f]{2}:.*)$/i.test(
    host,
  ) ||
  (!host.includes('.') && !host.includes(':'))

/** The link of a received letter: opened, opened once more or spent, and tried with another value. Only links below the target's own domain are opened. */
import { bodyText, headerValue, isObstacle } from '../headers.ts'
import { type Observed, type Probe, type ProbeContext, ProbeError } from '../probe.ts'
import type { Target } from '../target.ts'
import type { MailDelivery, MailLink } from '../target/mail-delivery.ts'
import { perform, splitUrl } from './http.ts'
import { ask, type DeliveryObservation, mailDelivery } from './mail-delivery.ts'

export interface Opened {
  readonly status: number
  /** Hosts and paths that it was sent on to, values of parameters left out. A declared use is not followed, so that it has one at most. */
  readonly hops: readonly string[]
  readonly text: string
  /** 429, 503, a challenge: says nothing of the link. */
  readonly obstacle: boolean
}
export type OpenedLink = { readonly ok: true; readonly value: Opened } | { readonly ok: false; readonly code: string; readonly message: string }
export interface LinkSeen {
  readonly delivery: DeliveryObservation
  /** With its secrets masked. Absent: the letter has no such link. */
  readonly shown?: string
  readonly scheme?: string
  readonly host?: string
  /** The link leads below the target's domain. */
  readonly own: boolean
  /** exp of the value where it is a JWT, seconds since 1970. */
  readonly expiresAt?: number
  /** The value was found in it. */
  readonly hasToken: boolean
  /** Absent: not opened, because it leads elsewhere. */
  readonly opened?: OpenedLink
}
/** What became of the link when it was opened with another value, and when it was used twice. */
export interface LinkUses {
  readonly link: LinkSeen
  readonly forged?: OpenedLink
  readonly first?: OpenedLink
  readonly second?: OpenedLink
}

const MOST_HOPS = 5
const below = (target: Target, host: string): boolean => host === target.domain || host.endsWith(`.${target.domain}`)

/** Values of parameters, and parts of paths that nobody types, are secrets of whoever gets the letter. */
export function maskedUrl(url: string): string {
  const mark = url.search(/[?#]/)
  const path = mark < 0 ? url : url.slice(0, mark)
  const slash = path.indexOf('/', path.indexOf('//') + 2)
  const shown =
    slash < 0 ? path : path.slice(0, slash) + path.slice(slash).replace(/\/[^/]{16,}(?=\/|$)|\/(?=[^/]*\d)(?=[^/]*[A-Za-z])[^/]{8,}(?=\/|$)/g, '/<secret>')
  return mark < 0
    ? shown
    : shown +
        url
          .slice(mark)
          .replace(/([?&#;][^=?&#;]*=)[^&#;]+/g, '$1<secret>')
          .replace(/^[?#][^=]{8,}$/, '?<secret>')
}
/** URLs in a text with their secrets masked. */
export const maskedText = (text: string): string => text.replace(/https?:\/\/[^\s<>"']+/gi, maskedUrl)

/** The value of a link: the named parameter, the only one, or the last part of the path. */
export function tokenOf(url: string, { parameter }: Pick<MailLink, 'parameter'>): string | undefined {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return undefined
  }
  const values = [...parsed.searchParams].concat([...new URLSearchParams(parsed.hash.replace(/^#\/?[^?]*\??/, ''))])
  if (parameter !== undefined) return values.find(([name]) => name === parameter)?.[1]
  const usual = values.find(([name]) => /token|code|key|^t$/i.test(name)) ?? (values.length === 1 ? values[0] : undefined)
  if (usual !== undefined && usual[1] !== '') return usual[1]
  const last = parsed.pathname.split('/').findLast((part) => part !== '')
  return last !== undefined && last.length >= 8 ? decodeURIComponent(last) : undefined
}

/** One letter of the value becomes another; not the last one, whose bits Base64 may not use. */
export function forgedUrl(url: string, token: string): string | undefined {
  const place = [encodeURIComponent(token), token].map((form) => ({ form, at: url.lastIndexOf(form) })).find(({ at }) => at >= 0)
  if (place === undefined || token.length < 6) return undefined
  const middle = place.at + Math.floor(place.form.length / 2)
  const letter = url[middle] as string
  if (!/[A-Za-z0-9]/.test(letter)) return undefined
  const other = /\d/.test(letter) ? String((Number(letter) + 5) % 10) : letter.toLowerCase() === 'm' ? 'n' : 'm'
  return url.slice(0, middle) + other + url.slice(middle + 1)
}

function expiryOf(token: string | undefined): number | undefined {
  const parts = token?.split('.') ?? []
  if (parts.length !== 3) return undefined
  try {
    const { exp } = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown }
    return typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined
  } catch {
    return undefined
  }
}

/** The link that the description means, among all of the letter. */
export function chosenLink(delivery: DeliveryObservation, link: MailLink, target: Target): string | undefined {
  const all = (delivery.mails[0]?.content.links ?? []).filter(({ where }) => where !== 'image').map(({ url }) => url)
  const fitting = link.path === undefined ? all : all.filter((url) => (splitUrl(url)?.path ?? '').includes(link.path ?? ''))
  const own = fitting.find((url) => below(target, splitUrl(url)?.host ?? ''))
  const tells = fitting.find((url) => tokenOf(url, link) !== undefined && /[?&=]/.test(url))
  // A link that is told by its path is meant wherever it leads.
  return link.path !== undefined ? fitting[0] : (tells ?? own ?? fitting[0])
}

async function open(outer: ProbeContext, url: string): Promise<OpenedLink> {
  // Who opens links for a living may log them; the log of a run is read by others.
  const context: ProbeContext = { ...outer, log: (line) => outer.log(maskedText(line)) }
  const hops: string[] = []
  let next = url
  try {
    for (;;) {
      const parts = splitUrl(next)
      if (parts === undefined || !below(context.target, parts.host))
        return { ok: false, code: 'LEAVES', message: `it leads on to ${maskedUrl(next).slice(0, 200)}` }
      // A link may work once only: sent again behind a lost answer, it would be called spent.
      const seen = await perform(context, { ...parts, headers: [['accept', 'text/html,*/*']], maxBodyBytes: 256 * 1024, once: true })
      const location = headerValue(seen.headers, 'location')
      if (seen.status >= 300 && seen.status < 400 && location !== undefined && hops.length < MOST_HOPS) {
        next = new URL(location, next).href
        hops.push(maskedUrl(next))
        continue
      }
      return { ok: true, value: { status: seen.status, hops, text: bodyText(seen).slice(0, 64 * 1024), obstacle: isObstacle(seen) } }
    }
  } catch (error) {
    if (context.signal.aborted || !(error instanceof ProbeError)) throw error
    return { ok: false, code: error.failure.code, message: error.failure.message }
  }
}

const hostFor = (declared: MailDelivery): { readonly host?: string } => {
  const { host } = mailDelivery(declared)
  return host === undefined ? {} : { host }
}

async function delivered(context: ProbeContext, declared: MailDelivery): Promise<DeliveryObservation> {
  const seen = await context.observe(mailDelivery(declared))
  if (!seen.ok) throw new ProbeError(seen.failure)
  return seen.value
}

/** Opens the link once, as a visitor does. @throws ProbeError what the delivery's own probe failed with */
export function mailLinkOpened(declared: MailDelivery, link: MailLink): Probe<LinkSeen> {
  return {
    kind: 'mailLinkOpened',
    key: `mailLinkOpened ${declared.name}`,
    impact: 'mail',
    cost: { connections: 1, requests: 2 },
    ...hostFor(declared),
    timeoutMs: 60_000,
    run: async (context) => {
      const delivery = await delivered(context, declared)
      const url = chosenLink(delivery, link, context.target)
      if (url === undefined) return { delivery, own: false, hasToken: false }
      const parts = splitUrl(url)
      const token = tokenOf(url, link)
      const expiresAt = expiryOf(token)
      const own = parts !== undefined && below(context.target, parts.host)
      return {
        delivery,
        shown: maskedUrl(url),
        ...(parts === undefined ? {} : { scheme: parts.scheme, host: parts.host }),
        own,
        hasToken: token !== undefined,
        ...(expiresAt === undefined ? {} : { expiresAt }),
        // Opened where it is, encrypted or not: what it answers is a fact of its own.
        ...(own ? { opened: await open(context, url) } : {}),
      }
    },
  }
}

/**
 * Tries the link with another value, then uses it twice: by the declared request, else by opening it again. Spends the link.
 * @throws ProbeError what the delivery's own probe failed with
 */
export function mailLinkUses(declared: MailDelivery, link: MailLink): Probe<LinkUses> {
  return {
    kind: 'mailLinkUses',
    key: `mailLinkUses ${declared.name}`,
    impact: link.use === undefined ? 'mail' : 'write',
    cost: { connections: 1, requests: 4 },
    ...hostFor(declared),
    timeoutMs: 60_000,
    run: async (context) => {
      const seen: Observed<LinkSeen> = await context.observe(mailLinkOpened(declared, link))
      if (!seen.ok) throw new ProbeError(seen.failure)
      const url = chosenLink(seen.value.delivery, link, context.target)
      const token = url === undefined ? undefined : tokenOf(url, link)
      if (url === undefined || token === undefined || !seen.value.own) return { link: seen.value }
      const use = async (value: string): Promise<OpenedLink> => {
        if (link.use === undefined) return await open(context, url)
        try {
          const answer = await ask(context, link.use, (name) => (name === 'link.token' ? value : name === 'address' ? seen.value.delivery.address : undefined))
          const location = answer.status >= 300 && answer.status < 400 ? headerValue(answer.headers, 'location') : undefined
          const leads = location === undefined || !URL.canParse(location, answer.url) ? [] : [maskedUrl(new URL(location, answer.url).href)]
          return { ok: true, value: { status: answer.status, hops: leads, text: '', obstacle: isObstacle(answer) } }
        } catch (error) {
          if (context.signal.aborted || !(error instanceof ProbeError)) throw error
          return { ok: false, code: error.failure.code, message: error.failure.message }
        }
      }
      const other = forgedUrl(url, token)
      const forgedToken = other === undefined ? undefined : tokenOf(other, link)
      const forged = other === undefined || forgedToken === undefined ? undefined : link.use === undefined ? await open(context, other) : await use(forgedToken)
      // Opened a first time already where opening is what spends it.
      const first = link.use === undefined ? seen.value.opened : await use(token)
      const second = await use(token)
      return { link: seen.value, ...(forged === undefined ? {} : { forged }), ...(first === undefined ? {} : { first }), second }
    },
  }
}

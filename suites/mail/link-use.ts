/** Whether a link was taken in, by what became of its first use. */
import type { OpenedLink } from '../../helpers/probes/mail-link.ts'
import type { MailLink } from '../../helpers/target/mail-delivery.ts'

/** Where a visitor ends, without parameters; numbers of what was made differ from use to use. */
const placeOf = (hops: readonly string[]): string => (hops.at(-1) ?? '').replace(/[?#].*$/, '').replace(/\d+/g, '')

/** The answer is one that a good link gets, by its status. */
export function accepts(declared: MailLink, one: OpenedLink | undefined): boolean {
  if (one?.ok !== true) return false
  const { status } = one.value
  const wanted = declared.use?.status ?? (declared.use === undefined ? (declared.status ?? 200) : undefined)
  return wanted === undefined ? status >= 200 && status < 400 : [wanted].flat().includes(status)
}

/**
 * The answer is that of the first use. Applications refuse by a redirect too (to where a new letter is asked for), or by the form again in place of a
 * redirect; where the target tells them apart by status, that counts. A page that lacks the declared text is another, whatever its status.
 */
export function takenIn(declared: MailLink, one: OpenedLink | undefined, first: OpenedLink | undefined): boolean {
  if (!accepts(declared, one) || one?.ok !== true) return false
  if (declared.use === undefined && declared.marker !== undefined && !one.value.text.includes(declared.marker)) return false
  if (declared.use?.status !== undefined || first?.ok !== true || !accepts(declared, first)) return true
  return one.value.status >= 300 === first.value.status >= 300 && placeOf(one.value.hops) === placeOf(first.value.hops)
}

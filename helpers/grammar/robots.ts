/** What search engines are told: robots.txt (RFC 9309), and the words of X-Robots-Tag and of `<meta name="robots">`. */

/** RFC 9309 §2.5: readers need not go further. */
const MOST_BYTES = 500 * 1024

/** Whether the group for every crawler forbids the whole site and allows nothing of it (RFC 9309 §2.2.1, §2.2.2). */
export function closesSite(text: string): boolean {
  const rules: { allow: boolean; path: string }[] = []
  let applies = false
  let naming = false
  for (const line of text.slice(0, MOST_BYTES).split(/\r\n?|\n/)) {
    const bare = line.replace(/#.*$/s, '')
    const colon = bare.indexOf(':')
    if (colon < 0) continue
    const field = bare.slice(0, colon).trim().toLowerCase()
    const value = bare.slice(colon + 1).trim()
    if (field === 'user-agent') {
      // Lines in a row name one group.
      applies = (naming && applies) || value === '*'
      naming = true
    } else if (field === 'allow' || field === 'disallow') {
      naming = false
      if (applies && value !== '') rules.push({ allow: field === 'allow', path: value })
    }
  }
  return rules.some(({ allow, path }) => !allow && (path === '/' || path === '/*')) && !rules.some(({ allow }) => allow)
}

/** Rules that take a value behind a colon: what stands before theirs is no crawler. */
const WITH_VALUE: ReadonlySet<string> = new Set(['unavailable_after', 'max-snippet', 'max-image-preview', 'max-video-preview'])

/** Whether values of X-Robots-Tag, or contents of meta elements, keep every search engine from listing the answer; those for one crawler alone do not. */
export const forbidsListing = (values: readonly string[]): boolean =>
  values.some((value) => {
    const words = value.split(',').map((word) => word.trim().toLowerCase())
    const colon = words[0]?.indexOf(':') ?? -1
    const before = words[0]?.slice(0, colon).trim() ?? ''
    if (colon >= 0 && !WITH_VALUE.has(before)) return false
    return words.some((word) => word === 'noindex' || word === 'none')
  })

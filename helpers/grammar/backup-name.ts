/** File names with a time in them: `app-{stamp}.sql.gz` read against `app-20261120-023000.sql.gz`. */

interface NamePattern {
  /** The name, from its first to its last letter. */
  readonly matches: (name: string) => { readonly stamp?: string } | undefined
  readonly stamped: boolean
}

const FIELDS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const
type Field = (typeof FIELDS)[number]
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')

/** `{stamp}`: what people write. Date, then time to the minute or second, separators at will. */
const ANY =
  '(?<year>\\d{4})[-_.]?(?<month>\\d{2})[-_.]?(?<day>\\d{2})(?:[-_.T ]?(?<hour>\\d{2})[-_.:h]?(?<minute>\\d{2})(?:[-_.:m]?(?<second>\\d{2}))?(?:Z|[-_.]?UTC)?)?'

/** `YYYYMMDD-HHMMSS`: the first MM after the year is the month, the one after the hour the minute. */
function fromLetters(letters: string): string {
  let source = ''
  let seenHour = false
  for (const part of letters.match(/YYYY|MM|DD|HH|SS|./g) ?? []) {
    const field: Field | undefined =
      part === 'YYYY'
        ? 'year'
        : part === 'MM'
          ? seenHour
            ? 'minute'
            : 'month'
          : part === 'DD'
            ? 'day'
            : part === 'HH'
              ? 'hour'
              : part === 'SS'
                ? 'second'
                : undefined
    if (part === 'HH') seenHour = true
    const group = field === undefined || source.includes(`<${field}>`) ? undefined : field
    source += field === undefined ? escaped(part) : group === undefined ? `\\d{${part.length}}` : `(?<${group}>\\d{${part.length}})`
  }
  return source
}

/** The instant that a wall clock of a zone shows, as milliseconds since the epoch. */
function instantOf(wall: number, zone: string): number {
  if (zone === 'UTC') return wall
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  const shown = (at: number): number => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    return Date.UTC(parts.year as number, (parts.month as number) - 1, parts.day, parts.hour, parts.minute, parts.second)
  }
  // Once more with the offset of the first guess, for the hours around a change of the clock.
  let at = wall
  for (let round = 0; round < 2; round += 1) at += wall - shown(at)
  return at
}

/** @throws RangeError for a time zone that does not exist */
export function backupName(pattern: string, zone = 'UTC'): NamePattern {
  const source = pattern
    .split(/(\{[^}]*\})/)
    .map((part) => (part === '{stamp}' ? ANY : part.startsWith('{') ? fromLetters(part.slice(1, -1)) : escaped(part)))
    .join('')
  const expression = new RegExp(`^${source}$`)
  const stamped = source.includes('?<year>')
  instantOf(0, zone)
  return {
    stamped,
    matches: (name) => {
      const match = expression.exec(name)
      if (match === null) return undefined
      if (!stamped) return {}
      const [year, month, day, hour, minute, second] = FIELDS.map((field) =>
        Number(match.groups?.[field] ?? (field === 'month' || field === 'day' ? 1 : 0)),
      ) as [number, number, number, number, number, number]
      const wall = Date.UTC(year, month - 1, day, hour, minute, second)
      const read = new Date(wall)
      // The 31st of February is no time but a wrong name.
      const real = read.getUTCMonth() === month - 1 && read.getUTCDate() === day && hour < 24 && minute < 60 && second < 61
      return real && year >= 1990 ? { stamp: new Date(instantOf(wall, zone)).toISOString() } : undefined
    },
  }
}

/**
 * A path with `*` (within a folder), `**` (across folders) and `**` with a slash (any folders, or none). A leading `./` means nothing.
 *
 * All that a prefix of the path may have come to is kept side by side, letter by letter: an expression would try every way to share a long name among the stars.
 */
export function pathMatches(glob: string, path: string): boolean {
  const parts = glob.replace(/^\.\//, '').match(/\*\*\/?|[^]/g) ?? []
  const name = path.replace(/^(?:\.\/)+/, '')
  // Most names of an archive differ in what is behind the last star.
  if (!name.endsWith(parts.slice(parts.findLastIndex((part) => /^[*?]/.test(part)) + 1).join(''))) return false
  /** By part: all before it have matched what was read. */
  let reached = new Uint8Array(parts.length + 1)
  let next = new Uint8Array(parts.length + 1)
  /** By part: of `**` with a slash, it stands amid the name of a folder. */
  const amid = new Uint8Array(parts.length)
  reached[0] = 1
  for (let at = 0; ; at += 1) {
    for (let index = 0; index < parts.length; index += 1) if (reached[index] === 1 && parts[index]?.startsWith('*') === true) reached[index + 1] = 1
    if (at === name.length) return reached[parts.length] === 1
    const letter = name.charAt(at)
    const slash = letter === '/'
    let alive = false
    next.fill(0)
    for (let index = 0; index < parts.length; index += 1) {
      const part = parts[index]
      const here = reached[index] === 1
      if (!here && amid[index] === 0) continue
      if (part === '**/') {
        next[index] = Number(slash)
        amid[index] = Number(!slash)
      } else if (part === '**' || (part === '*' && !slash)) next[index] = 1
      else if (part === letter || (part === '?' && !slash)) next[index + 1] = 1
      else continue
      alive = true
    }
    if (!alive) return false
    ;[reached, next] = [next, reached]
  }
}

/** For a reader with one minute: what to do first, what was looked at, and what was not. */
import type { SkipReason } from '../helpers/verdict.ts'
import { worstFirst } from './order.ts'
import type { Report, ReportResult } from './report.ts'

interface FirstThing {
  readonly title: string
  readonly check: string
  readonly subjects: readonly string[]
  /** How to mend it; absent: it could not be told whether anything is wrong. */
  readonly fix?: string
  /** Why it could not be told; may hold text of the target. */
  readonly reason?: string
}

const LONGEST = 160
/** The whole stands with the verdict. */
const brief = (text: string): string => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`)

/** What blocks, worst first, one entry for each check however many subjects it found. */
export function comesFirst(report: Report, most = 3): { readonly things: readonly FirstThing[]; readonly more: number } {
  const blocking = new Set(report.gate.blocking)
  const results = report.results.filter(({ check, subject }) => blocking.has(`${check} ${subject}`)).sort(worstFirst)
  const groups = [...Map.groupBy(results, ({ check, outcome }) => `${check} ${outcome}`).values()]
  const things = groups.slice(0, most).map((group): FirstThing => {
    const first = group[0] as ReportResult
    return {
      title: first.outcome === 'inconclusive' ? `Could not be told: ${first.title}` : first.title,
      check: first.check,
      subjects: group.map(({ subject }) => subject),
      ...(first.outcome === 'inconclusive' ? { reason: brief(first.reason ?? 'no usable answer') } : { fix: first.fix }),
    }
  })
  return { things, more: groups.slice(most).reduce((sum, group) => sum + group.length, 0) }
}

/** A subject and how many more. */
export const subjectsInWords = (subjects: readonly string[]): string =>
  subjects.length <= 2 ? subjects.join(', ') : `${subjects[0] ?? ''} and ${subjects.length - 1} more`

const KINDS: Readonly<Record<SkipReason, string>> = {
  'not-declared': 'not declared',
  'not-authorised': 'not allowed',
  'not-applicable': 'not applicable',
  'not-selected': 'not asked for',
  'no-access': 'no access',
}

interface Unseen {
  readonly suite: string
  /** Nothing at all was looked at in this suite. */
  readonly whole: boolean
  readonly count: number
  /** `37 not declared, 2 not applicable`, the most frequent first. */
  readonly kinds: string
  readonly reasons: readonly { readonly reason: string; readonly count: number; readonly checks: readonly string[] }[]
}

/** What was not looked at, by suite: those of which nothing was seen come first. */
export function unseen(report: Report): readonly Unseen[] {
  const suites = Map.groupBy(report.results, ({ suite }) => suite)
  const all = [...suites].flatMap(([suite, results]): readonly Unseen[] => {
    const skipped = results.filter(({ outcome }) => outcome === 'skip')
    if (skipped.length === 0) return []
    const kinds = [...Map.groupBy(skipped, ({ skip }) => skip ?? 'not-applicable')].sort((a, b) => b[1].length - a[1].length)
    const reasons = [...Map.groupBy(skipped, ({ reason }) => reason ?? '')].map(([reason, group]) => ({
      reason,
      count: group.length,
      checks: [...new Set(group.map(({ check }) => check))],
    }))
    return [
      {
        suite,
        whole: skipped.length === results.length,
        count: skipped.length,
        kinds: kinds.map(([kind, group]) => `${group.length} ${KINDS[kind]}`).join(', '),
        reasons,
      },
    ]
  })
  return [...all.filter(({ whole }) => whole), ...all.filter(({ whole }) => !whole)]
}

/** One line: the suites that saw something, and those that saw nothing. */
export function scope(report: Report): { readonly seen: readonly string[]; readonly unseen: readonly string[] } {
  const seen = new Set(report.results.filter(({ outcome }) => outcome !== 'skip').map(({ suite }) => suite))
  const suites = [...new Set(report.results.map(({ suite }) => suite))]
  return { seen: suites.filter((suite) => seen.has(suite)), unseen: suites.filter((suite) => !seen.has(suite)) }
}

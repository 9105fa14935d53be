/** The shape of a check: meta beside a pure judgement. One check = one file `suites/<suite>/<name>.check.ts`, default export. */
import type { Attempt, Observed, Probe } from './probe.ts'
import type { Host, Target } from './target.ts'
import { type Evidence, judgingFor, type Severity, type SkipReason, type Verdict } from './verdict.ts'

/**
 * What a verdict is about. `name` is the printed subject and, with the check id, the identity of the verdict: `api.example.com`,
 * `api.example.com:6379`, `https://api.example.com/health`, `example.com`. `host` is set wherever it belongs to one host.
 */
export interface Subject {
  readonly name: string
  readonly host?: Host
  /** What the check needs to remember of its subject: an index, a port, a declared entry. */
  readonly item?: unknown
}

export type Need = Probe<unknown> | Attempt<unknown>
export type Needs = Readonly<Record<string, Need>>
export type Seen<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends Attempt<infer T> ? Observed<T> : N[K] extends Probe<infer T> ? T : never
}

export interface JudgeContext<Options> {
  readonly target: Target
  readonly subject: Subject
  /** The run's clock, read once. */
  readonly now: Date
  readonly options: Options
}

/** A failure code: dotted, closed, stable for ever (`tls.expired`). */
export interface FailureCode {
  /** One line. */
  readonly meaning: string
  /** What to do, one or two lines; may name the directive of nginx or Caddy. */
  readonly fix: string
}

export interface CheckDefinition<N extends Needs, Options extends object, Codes extends Record<string, FailureCode>> {
  /** `<suite>/<name>`, equal to its path; never reused, never renamed. */
  readonly id: string
  /** True when it passes. */
  readonly title: string
  readonly failureTitle: string
  readonly why: string
  /** RFC clause, standard or document; the threshold's source too. */
  readonly source: string
  readonly severity: Severity
  /** Every code this check may return, in `warn` too. */
  readonly codes: Codes
  /** Defaults; `checks.<id>.options` of the target overrides them. */
  readonly options: Options
  /**
   * What to judge in this target, one verdict each. An empty list says nothing of the kind exists: then `unless` explains why in the report
   * as one skip with the target as subject.
   */
  readonly subjects: (target: Target) => readonly Subject[]
  /** The skip shown when `subjects` is empty. */
  readonly unless: { readonly skip: SkipReason; readonly reason: string }
  /** Pure: builds probes, opens nothing. */
  readonly needs: (subject: Subject, target: Target, options: Options) => N
  /** Pure: no clock, no network, no environment. NaN and rubbish must land on the failing side. */
  readonly judge: (seen: Seen<N>, context: JudgeContext<Options>) => Verdict
  /**
   * The one-line command (curl, openssl, dig…) with which a doubter sees the same. Use helpers/reproduce.ts. `evidence` is that of the verdict, first
   * what is amiss: a check that looked at many pages shows the one it speaks of. Without it (nothing was looked at yet) the line shows the usual one.
   */
  readonly reproduce: (subject: Subject, target: Target, evidence?: readonly Evidence[]) => string
  /** Judges by the clock: with this machine's clock more than 5 minutes off, its verdict becomes inconclusive (rules G6). */
  readonly clockSensitive?: boolean
  /**
   * Requirement rows of the five reference systems that this check answers (A14, C8…), for the coverage count in CONTRIBUTING.
   */
  readonly covers?: readonly string[]
}

/** A check as the run sees it, its types erased. */
export interface Check extends CheckDefinition<Needs, object, Record<string, FailureCode>> {
  readonly suite: string
}

export function defineCheck<N extends Needs, Options extends object, Codes extends Record<string, FailureCode>>(
  definition: CheckDefinition<N, Options, Codes>,
): Check {
  const slash = definition.id.indexOf('/')
  if (slash < 1 || !/^[a-z0-9]+(-[a-z0-9]+)*\/[a-z0-9]+(-[a-z0-9]+)*$/.test(definition.id)) {
    throw new TypeError(`check id ${JSON.stringify(definition.id)} is not <suite>/<name> in kebab-case`)
  }
  const untyped = definition as unknown as CheckDefinition<Needs, object, Record<string, FailureCode>>
  const { severity, judge } = untyped
  return { ...untyped, judge: (seen, context) => judgingFor(severity, () => judge(seen, context)), suite: definition.id.slice(0, slash) }
}

/** Subjects for the usual case: one verdict per host that `keep` accepts. */
export const eachHost =
  (keep: (host: Host, target: Target) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    target.hosts.filter((host) => keep(host, target)).map((host) => ({ name: host.fqdn, host }))

/** The subject's host; throws (a defect) where a check that needs one has none. */
export function hostOf(subject: Subject): Host {
  if (subject.host === undefined) throw new TypeError(`subject ${subject.name} has no host`)
  return subject.host
}

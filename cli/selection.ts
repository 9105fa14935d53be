/** Filters that match nothing are misuse, never a green run. */
import type { Check } from '../helpers/check.ts'
import { nearest, type Problem } from '../helpers/target/problems.ts'
import type { Target } from '../helpers/target.ts'
import type { Selection } from '../helpers/run.ts'
import type { AskFlags, SelectionFlags } from './commands.ts'

export const ALLOWED = ['load', 'login', 'write', 'mail', 'drill'] as const

/** The target with what the flags add to it. */
export function withFlags(target: Target, flags: AskFlags & { readonly allow?: readonly string[]; readonly timeout?: number }): Target {
  const allow = [...new Set([...(target.file.allow ?? []), ...((flags.allow ?? []) as readonly (typeof ALLOWED)[number][])])]
  const limits = flags.timeout === undefined ? target.file.limits : { ...target.file.limits, runSeconds: flags.timeout }
  const { depth = target.file.depth } = flags
  return {
    ...target,
    file: { ...target.file, ...(allow.length === 0 ? {} : { allow }), ...(limits === undefined ? {} : { limits }), ...(depth === undefined ? {} : { depth }) },
  }
}

export const selectionOf = (flags: SelectionFlags): Selection => ({
  ...(flags.suite === undefined ? {} : { suites: flags.suite }),
  ...(flags.check === undefined ? {} : { checks: flags.check }),
  ...(flags.host === undefined ? {} : { hosts: flags.host }),
  ...(flags.tag === undefined ? {} : { tags: flags.tag }),
})

export function selectionProblems(flags: SelectionFlags, target: Target, checks: readonly Check[]): readonly Problem[] {
  const problems: Problem[] = []
  const look = (flag: string, asked: readonly string[] | undefined, known: readonly string[]): void => {
    if (asked?.length === 0) problems.push({ file: flag, line: 0, column: 0, path: '', message: 'names nothing' })
    for (const name of asked ?? []) {
      if (known.includes(name)) continue
      const meant = nearest(name, known)
      problems.push({
        file: flag,
        line: 0,
        column: 0,
        path: '',
        message: `matches nothing: ${JSON.stringify(name)}`,
        hint: meant === undefined ? `known: ${known.slice(0, 20).join(', ')}${known.length > 20 ? ', …' : ''}` : `did you mean ${JSON.stringify(meant)}?`,
      })
    }
  }
  look('--suite', flags.suite, [...new Set(checks.map((check) => check.suite))])
  look(
    '--check',
    flags.check,
    checks.map((check) => check.id),
  )
  look(
    '--host',
    flags.host,
    target.hosts.flatMap((host) => [host.name, host.fqdn]),
  )
  look('--tag', flags.tag, [...new Set(target.hosts.flatMap((host) => host.declared.tags ?? []))])
  return problems
}

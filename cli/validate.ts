/** `postproof validate`: the target file only. Exit 0 or 3; sends nothing. */
import { targetJsonSchema } from '../helpers/target/json-schema.ts'
import { loadTarget } from '../helpers/target/load.ts'
import { type Problem, problemText } from '../helpers/target/problems.ts'
import { loadCatalogue, unknownChecks } from './catalogue.ts'
import { EXIT_MISUSE } from './commands.ts'

export function printProblems(problems: readonly Problem[]): void {
  for (const problem of problems) process.stderr.write(`${problemText(problem)}\n`)
  process.stderr.write(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}; nothing was sent\n`)
}

export async function validate(given: string, flags: { readonly json?: boolean }): Promise<number> {
  const loaded = await loadTarget(given)
  const problems: Problem[] = loaded.ok ? [] : [...loaded.problems]
  if (loaded.ok) {
    const { checks, broken } = await loadCatalogue(loaded.target)
    problems.push(
      ...unknownChecks(
        loaded.target,
        checks.map((check) => check.id),
        given,
      ),
      ...broken.map(({ file, message }) => ({ file, line: 0, column: 0, path: '', message })),
    )
  }
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ valid: problems.length === 0, problems })}\n`)
  else if (problems.length > 0) printProblems(problems)
  else if (loaded.ok)
    process.stdout.write(`${given}: valid (${loaded.target.hosts.length} ${loaded.target.hosts.length === 1 ? 'host' : 'hosts'} of ${loaded.target.domain})\n`)
  return problems.length === 0 ? 0 : EXIT_MISUSE
}

export async function printSchema(): Promise<number> {
  process.stdout.write(`${JSON.stringify(targetJsonSchema(), null, 2)}\n`)
  return 0
}

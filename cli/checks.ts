/** `postproof checks` and `postproof explain`: the catalogue, read from the checks themselves. */
import { stripVTControlCharacters, styleText } from 'node:util'
import type { Check } from '../helpers/check.ts'
import { loadTarget } from '../helpers/target/load.ts'
import { nearest } from '../helpers/target/problems.ts'
import { loadCatalogue } from './catalogue.ts'
import { EXIT_MISUSE } from './commands.ts'
import { printProblems } from './validate.ts'

const colour = (): boolean => process.stdout.isTTY && process.env.NO_COLOR === undefined
const bold = (text: string): string => (colour() ? styleText('bold', text) : text)

/** Words wrapped at `width` columns, each line behind `indent`. */
export function wrapped(text: string, indent = '  ', width = 80): string {
  const lines: string[] = []
  let line = ''
  for (const word of stripVTControlCharacters(text).split(/\s+/)) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  lines.push(line)
  return lines.map((one) => indent + one).join('\n')
}

const plain = (check: Check): object => ({
  id: check.id,
  suite: check.suite,
  title: check.title,
  severity: check.severity,
  why: check.why,
  source: check.source,
  options: check.options,
  codes: check.codes,
  covers: check.covers ?? [],
})

export async function checks(given: string | undefined, flags: { readonly suite?: readonly string[]; readonly json?: boolean }): Promise<number> {
  const loaded = given === undefined ? undefined : await loadTarget(given)
  if (loaded?.ok === false) {
    printProblems(loaded.problems)
    return EXIT_MISUSE
  }
  const catalogue = await loadCatalogue(loaded?.target)
  const suites = [...new Set(catalogue.checks.map((check) => check.suite))]
  for (const name of flags.suite ?? []) {
    if (suites.includes(name)) continue
    const meant = nearest(name, suites)
    process.stderr.write(
      `there is no suite ${JSON.stringify(name)}; ${meant === undefined ? `suites: ${suites.join(', ')}` : `did you mean ${JSON.stringify(meant)}?`}\n`,
    )
    return EXIT_MISUSE
  }
  const shown = catalogue.checks.filter((check) => flags.suite === undefined || flags.suite.includes(check.suite))
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(shown.map(plain), null, 2)}\n`)
    return 0
  }
  for (const suite of suites) {
    const own = shown.filter((check) => check.suite === suite)
    if (own.length === 0) continue
    process.stdout.write(`${bold(suite)} (${own.length})\n`)
    for (const check of own) process.stdout.write(`  ${check.id.padEnd(36)} ${check.severity.padEnd(8)} ${check.title}\n`)
  }
  process.stdout.write(
    `${shown.length} checks, ${shown.reduce((sum, check) => sum + Object.keys(check.codes).length, 0)} failure codes; \`postproof explain <id or code>\` tells more\n`,
  )
  return 0
}

/** Codes that the run itself gives to any check. */
const RUN_CODES: Readonly<Record<string, { readonly meaning: string; readonly fix: string }>> = {
  'run.unobserved': {
    meaning: 'The network or the target gave nothing to judge.',
    fix: 'Repair the cause named in the verdict (often one dead host blinds many checks), then run again.',
  },
  'run.misused': { meaning: 'The target file cannot be meant as it stands.', fix: 'Correct the key named in the verdict.' },
  'run.defect': { meaning: 'postproof itself failed to judge.', fix: "Run again with --debug and report it; the verdict is not the deployment's fault." },
  'run.second-try': {
    meaning: 'The first try failed at the network, the second answered.',
    fix: 'Find out what is half-down: one dead address, a full connection table, a rate limit.',
  },
}

export async function explain(id: string): Promise<number> {
  const { checks: all } = await loadCatalogue()
  const out = (text: string): void => void process.stdout.write(`${text}\n`)
  const check = all.find((one) => one.id === id)
  if (check !== undefined) {
    out(`${bold(check.id)}  (${check.severity})`)
    out(wrapped(check.title))
    out(`\n${bold('Why')}\n${wrapped(check.why)}`)
    out(`\n${bold('Source')}\n${wrapped(check.source)}`)
    if (Object.keys(check.options).length > 0)
      out(
        `\n${bold('Options')} (checks.${check.id}.options in the target)\n${Object.entries(check.options)
          .map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)
          .join('\n')}`,
      )
    out(`\n${bold('Codes')}`)
    for (const [code, { meaning, fix }] of Object.entries(check.codes)) out(`  ${code}\n${wrapped(meaning, '    ')}\n${wrapped(`Fix: ${fix}`, '    ')}`)
    if ((check.covers ?? []).length > 0) out(`\n${bold('Requirements')} ${check.covers?.join(', ') ?? ''}`)
    return 0
  }
  const owners = all.filter((one) => Object.hasOwn(one.codes, id))
  const meaning = owners[0]?.codes[id] ?? RUN_CODES[id]
  if (meaning !== undefined) {
    out(bold(id))
    out(wrapped(meaning.meaning))
    out(`\n${bold('Fix')}\n${wrapped(meaning.fix)}`)
    if (owners.length > 0) out(`\n${bold('Given by')} ${owners.map((one) => one.id).join(', ')}`)
    return 0
  }
  const meant = nearest(id, [...all.map((one) => one.id), ...all.flatMap((one) => Object.keys(one.codes)), ...Object.keys(RUN_CODES)])
  process.stderr.write(
    `there is no check or code ${JSON.stringify(id)}${meant === undefined ? '; `postproof checks` lists them' : `; did you mean ${JSON.stringify(meant)}?`}\n`,
  )
  return EXIT_MISUSE
}

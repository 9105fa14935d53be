/** All checks there are for a target: ours, and the user's own beside the target file. */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Check } from '../helpers/check.ts'
import { type BrokenCheck, loadChecks } from '../helpers/discover.ts'
import { integrity } from '../helpers/integrity.ts'
import { nearest, type Problem } from '../helpers/target/problems.ts'
import type { Target } from '../helpers/target.ts'
import { ownChecks, ownIds } from './own-checks.ts'

const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)))
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

export function packageVersion(): string {
  const file = join(packageRoot, packageRoot.endsWith('dist') ? '../package.json' : 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

export interface Catalogue {
  readonly checks: readonly Check[]
  /** The user's files that could not be taken as checks. */
  readonly broken: readonly BrokenCheck[]
}

let aliased = false
/** `import … from 'postproof'` in a user's file means this very package, installed beside it or not. */
function aliasPostproof(): void {
  if (aliased) return
  aliased = true
  const url = pathToFileURL(join(packageRoot, `index.${extension}`)).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'postproof' ? { url, shortCircuit: true, format: extension === 'ts' ? 'module-typescript' : 'module' } : next(specifier, context),
  })
}

/** The first of them stands for all: they mostly break for one reason. */
function brokenInWords(broken: readonly BrokenCheck[]): string {
  const [first] = broken
  if (first === undefined) return 'no checks found'
  return `${first.file}: ${first.message}${broken.length === 1 ? '' : `, and ${broken.length - 1} more ${broken.length === 2 ? 'check' : 'checks'}`}`
}

/** @throws Error when one of our own check files is broken: that is a broken installation. */
export async function loadCatalogue(target?: Target): Promise<Catalogue> {
  const ours = await ownChecks()
  if (ours.broken.length > 0 || ours.checks.length === 0) throw new Error(`the installation is broken: ${brokenInWords(ours.broken)}`)
  const checks = [...ours.checks.map(({ check }) => check), integrity]
  const folder = target?.folder
  if (
    folder === undefined ||
    resolve(folder) === packageRoot ||
    (packageRoot.startsWith(resolve(folder) + sep) && resolve(folder, 'suites') === join(packageRoot, 'suites'))
  )
    return { checks, broken: [] }
  aliasPostproof()
  const own = await loadChecks(folder, { idsFromPath: false })
  const taken = new Set(checks.map((check) => check.id))
  const broken = [...own.broken]
  for (const { file, check } of own.checks) {
    if (taken.has(check.id)) broken.push({ file, message: `its id ${check.id} is one of postproof's own` })
    else checks.push(check)
  }
  return { checks, broken }
}

/** Ids that are known before any check is imported: our own. The user's are known once theirs are. */
export const knownIds = async (): Promise<readonly string[]> => [...(await ownIds()), integrity.id]

/** Names in the target that only the catalogue can judge: check ids in waivers, requirements and `checks`. */
export function unknownChecks(target: Target, ids: readonly string[], file: string): readonly Problem[] {
  const known = new Set(ids)
  const problems: Problem[] = []
  const look = (id: string, path: string): void => {
    const [name = ''] = id.split(' ')
    if (known.has(name)) return
    const meant = nearest(name, ids)
    problems.push({
      file,
      line: 0,
      column: 0,
      path,
      message: `there is no check ${JSON.stringify(name)}`,
      hint: meant === undefined ? '`postproof checks` lists them' : `did you mean ${JSON.stringify(meant)}?`,
    })
  }
  target.file.waivers?.forEach((waiver, index) => look(waiver.check, `waivers[${index}].check`))
  for (const [own, list] of Object.entries(target.file.requirements ?? {})) list.forEach((id, index) => look(id, `requirements.${own}[${index}]`))
  for (const id of Object.keys(target.file.checks ?? {})) look(id, `checks.${id}`)
  return problems
}

/** `postproof verify`: target → run → report → exit code. */
import { resolve } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Observer, type ObserverOptions } from '../helpers/observer.ts'
import { loadTarget } from '../helpers/target/load.ts'
import type { Target } from '../helpers/target.ts'
import { redactor } from '../reports/redact.ts'
import { openResultLog, ReportFolderError, type ResultLog } from '../reports/result-log.ts'
import { visible } from '../reports/sanitize.ts'
import { type Catalogue, loadCatalogue, knownIds, packageVersion, unknownChecks } from './catalogue.ts'
import { EXIT_MISUSE, type VerifyFlags } from './commands.ts'
import { execute } from './execute.ts'
import { Interrupt } from './interrupt.ts'
import { type Presenter, presenter } from './present.ts'
import { ALLOWED, selectionOf, selectionProblems, withFlags } from './selection.ts'
import { printProblems } from './validate.ts'

/** From so many verdicts on, what was seen of those that need no attention lies in the log alone until the report is written. */
const HELD = 12_000
/** From so many hosts on, the collector is told to run before the heap has grown by half: left alone it lets hundreds of megabytes of what is no longer needed lie. */
const MANY_HOSTS = 50

const misuse = (message: string): number => {
  process.stderr.write(`${message}; nothing was sent\n`)
  return EXIT_MISUSE
}

export async function verify(given: string, flags: VerifyFlags): Promise<number> {
  const loaded = await loadTarget(given)
  if (!loaded.ok) {
    printProblems(loaded.problems)
    return EXIT_MISUSE
  }
  return await verifyTarget(loaded.target, loaded.secrets, flags, given)
}

export async function verifyTarget(given: Target, secrets: ReadonlyMap<string, string>, flags: VerifyFlags, name: string): Promise<number> {
  const stranger = flags.allow?.find((word) => !(ALLOWED as readonly string[]).includes(word))
  if (stranger !== undefined) return misuse(`--allow: there is no impact ${JSON.stringify(stranger)}; ${ALLOWED.join(', ')}`)
  let target = withFlags(given, flags)
  const clean = redactor(secrets)
  let view: Presenter | undefined
  const watch: ObserverOptions = {
    onWait: (wait) => view?.wait(wait),
    ...(flags.debug === true
      ? { onLog: (probe: string, line: string) => void process.stderr.write(`${visible(clean(probe))}: ${visible(clean(line))}\n`) }
      : {}),
  }
  const selection = selectionOf(flags)
  // Where nothing that is still to be loaded can turn the command into a misuse (which sends nothing), looking begins before the checks are there.
  const certain = !target.discovered && Object.keys(selection).length === 0 && unknownChecks(target, await knownIds(), name).length === 0
  let catalogue: Catalogue | undefined
  if (!certain) {
    catalogue = await loadCatalogue(target)
    const ids = catalogue.checks.map((check) => check.id)
    const problems = [...unknownChecks(target, ids, name), ...selectionProblems(flags, target, catalogue.checks)]
    if (problems.length > 0) {
      printProblems(problems)
      return EXIT_MISUSE
    }
  }
  const folder = resolve(flags.report)
  let log: ResultLog
  try {
    log = await openResultLog(folder, clean)
  } catch (error) {
    if (error instanceof ReportFolderError) return misuse(error.message)
    throw error
  }
  // From the first packet on, an interrupt leaves a report.
  const interrupt = new Interrupt()
  const observer = certain ? new Observer(target, watch) : undefined
  if (observer !== undefined) (await import('../helpers/look-ahead.ts')).lookAhead(observer)
  try {
    catalogue ??= await loadCatalogue(target)
  } catch (error) {
    // Connections that are kept would hold the process for a minute.
    observer?.abort('the checks could not be loaded')
    await observer?.close()
    throw error
  }
  if (target.discovered) {
    // What the domain has is part of what must be found out: looked up first, with probes that the checks will ask for again.
    const { findHosts } = await import('../helpers/find-hosts.ts')
    const scout = new Observer(target)
    interrupt.signal.addEventListener('abort', () => scout.abort(String(interrupt.signal.reason)))
    const { target: described, found } = await findHosts(target, (probe) => scout.observe(probe))
    await scout.close()
    target = withFlags(described, flags)
    if (flags.json !== true && flags.quiet !== true) for (const host of found) process.stderr.write(`found ${host.fqdn} (${host.from})\n`)
  }
  if (target.hosts.length > MANY_HOSTS) setFlagsFromString('--heap-growing-percent=40')
  let many = false
  view = presenter(flags, secrets)
  const { run, gate, exitCode, interrupted } = await execute(target, {
    ...selection,
    catalogue: catalogue.checks,
    broken: catalogue.broken,
    onStart: (started) => {
      many = started.cases.length > HELD
      view?.start(started)
    },
    onResult: (result) => view?.result(result),
    keep: (result) => {
      const stored = log.add(result)
      return many && stored !== undefined && (result.outcome === 'pass' || result.outcome === 'skip')
        ? { ...result, evidence: [], reproduce: '', stored }
        : result
    },
    ...watch,
    ...(observer === undefined ? {} : { observer }),
    interrupt,
  })
  const { toReport, wholeFrom } = await import('../reports/report.ts')
  const unlogged = await log.close()
  const report = toReport(run, {
    version: packageVersion(),
    gate,
    exitCode,
    interrupted,
    selection: selection as Record<string, readonly string[]>,
    secrets,
    read: log.read,
  })
  const { writeReport } = await import('../reports/write.ts')
  const errors = [
    ...(unlogged === undefined ? [] : [new ReportFolderError(folder, unlogged.error)]),
    // Half a report of one run beside half of another is worse than none.
    ...(unlogged?.taken === true ? [] : await writeReport(folder, report, wholeFrom(log.read, secrets))),
  ]
  await log.done()
  interrupt.stop()
  view.end(report, errors.length === 0 ? folder : undefined)
  for (const error of errors) process.stderr.write(`${error.message}\n`)
  // A report that is not there cannot be signed: the run did not do its job, whatever it saw.
  return errors.length > 0 && exitCode === 0 ? 2 : exitCode
}

/** `postproof selftest`: on this machine, every check can fail and the healthy deployment passes. Exit 0 only when all are proven. */
import { loadCatalogue } from './catalogue.ts'
import { EXIT_MISUSE } from './commands.ts'
import { nearest } from '../helpers/target/problems.ts'
import { listFaults, proveAll } from '../fixtures/proof.ts'

export async function selftest(flags: { readonly suite?: readonly string[]; readonly fault?: readonly string[]; readonly json?: boolean }): Promise<number> {
  const { checks } = await loadCatalogue()
  const faults = await listFaults()
  for (const [asked, known] of [
    [flags.fault, faults.map((fault) => fault.name)],
    [flags.suite, [...new Set(faults.map((fault) => fault.suite))]],
  ] as const) {
    for (const name of asked ?? []) {
      if (known.includes(name)) continue
      const meant = nearest(name, known)
      process.stderr.write(`there is no fault or suite ${JSON.stringify(name)}${meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`}\n`)
      return EXIT_MISUSE
    }
  }
  const chosen = new Set(
    faults
      .filter((fault) => (flags.fault === undefined || flags.fault.includes(fault.name)) && (flags.suite === undefined || flags.suite.includes(fault.suite)))
      .map((fault) => fault.name),
  )
  const whole = chosen.size === faults.length
  const controller = new AbortController()
  const stop = (): void => controller.abort('interrupted')
  process.once('SIGINT', stop)
  try {
    const live = flags.json !== true && process.stderr.isTTY
    const proof = await proveAll({
      catalogue: checks,
      filter: (fault) => chosen.has(fault.name),
      signal: controller.signal,
      onProgress: ({ done, total, name, problems }) => {
        if (live) process.stderr.write(`\r\u001b[K${done}/${total} ${name}${problems.length === 0 ? '' : ' ✗\n'}`)
      },
    })
    if (live) process.stderr.write('\r\u001b[K')
    const ok = whole ? proof.passed : proof.healthy.problems.length === 0 && proof.faults.every((one) => one.problems.length === 0)
    const faultNames = proof.faults.map(({ fault, proven, problems }) => ({ fault: fault.name, suite: fault.suite, title: fault.title, proven, problems }))
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ ...proof, faults: faultNames, whole, passed: ok }, null, 2)}\n`)
    else {
      for (const problem of proof.healthy.problems) process.stdout.write(`✗ healthy: ${problem}\n`)
      for (const { fault, problems } of proof.faults) for (const problem of problems) process.stdout.write(`✗ ${fault.suite}/${fault.name}: ${problem}\n`)
      if (whole) for (const id of proof.unproven) process.stdout.write(`✗ no fault breaks ${id}\n`)
      process.stdout.write(
        `checks proven: ${proof.proven} of ${proof.checks}${whole ? '' : ' (a part of the faults only)'}; faults: ${proof.faults.filter((one) => one.problems.length === 0).length} of ${proof.faults.length} as they should be; false alarms: ${proof.falseAlarms.length === 0 ? 'none' : proof.falseAlarms.join(', ')}\n`,
      )
    }
    if (controller.signal.aborted) return 130
    return ok ? 0 : 1
  } finally {
    process.off('SIGINT', stop)
  }
}

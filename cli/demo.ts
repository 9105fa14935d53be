/** `postproof demo`: the embedded deployment on loopback, healthy or broken on purpose, verified. */
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { Fault } from '../fixtures/fault.ts'
import { checksOn, listFaults, productChecks, stageNamed, worldWith } from '../fixtures/proof.ts'
import { startWorld } from '../fixtures/world.ts'
import { nearest } from '../helpers/target/problems.ts'
import { type DemoFlags, EXIT_INTERRUPTED, EXIT_MISUSE } from './commands.ts'
import { Interrupt } from './interrupt.ts'
import { verify } from './verify.ts'

const STOPS_WITHIN_MS = 5_000

/** What acts is shown on a small deployment of its own: there, its own checks are asked and no others. */
async function onStage(flags: DemoFlags, faults: readonly Fault[]): Promise<{ readonly check?: readonly string[] }> {
  const name = faults.find((fault) => flags.fault?.includes(fault.name))?.stage
  if (name === undefined || flags.suite !== undefined || flags.check !== undefined) return {}
  return { check: checksOn(stageNamed(name), (await productChecks()).checks).map(({ id }) => id) }
}

export async function demo(flags: DemoFlags): Promise<number> {
  const faults = await listFaults()
  if (flags.faults === true) {
    let suite = ''
    for (const fault of faults) {
      if (fault.suite !== suite) process.stdout.write(`${suite === '' ? '' : '\n'}${fault.suite}\n`)
      suite = fault.suite
      process.stdout.write(`  ${fault.name.padEnd(40)} ${fault.title}\n`)
    }
    process.stdout.write(`\n${faults.length} faults\n`)
    return 0
  }
  for (const name of flags.fault ?? []) {
    if (faults.some((fault) => fault.name === name)) continue
    const meant = nearest(
      name,
      faults.map((fault) => fault.name),
    )
    process.stderr.write(
      `there is no fault ${JSON.stringify(name)}${meant === undefined ? '; `postproof demo --faults` lists them' : `; did you mean ${JSON.stringify(meant)}?`}\n`,
    )
    return EXIT_MISUSE
  }
  // Whatever ends it, at whatever moment, nothing of the deployment stays behind.
  const interrupt = new Interrupt()
  const world = await startWorld(await worldWith(flags.fault ?? []))
  // The secrets of a deployment that was made a moment ago, where its description looks for them.
  for (const [name, reference] of Object.entries(world.input.secrets ?? {})) {
    const value = world.target.secrets?.get(name)
    if (value !== undefined && reference.startsWith('env:')) process.env[reference.slice(4)] = value
  }
  // The target lies in a folder of its own, as a user's would: so the demo takes the same way as everybody else.
  const folder = mkdtempSync(join(tmpdir(), 'postproof-demo-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    const file = join(folder, 'target.yaml')
    await writeFile(file, stringify(world.input))
    if (interrupt.interrupted) return EXIT_INTERRUPTED
    const exitCode = await verify(file, { ...(await onStage(flags, faults)), ...flags })
    if (flags.keep === true && exitCode < EXIT_MISUSE && !interrupt.interrupted) {
      const told = flags.json === true ? process.stderr : process.stdout
      told.write(`\nThe deployment stays up; its target is ${file}. Ctrl-C ends it.\n`)
      await new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve(), { once: true }))
    }
    return exitCode
  } finally {
    const stopped = world.stop().then(() => true)
    // Who pressed Ctrl-C is not kept waiting for connections that nobody will close any more.
    const done = interrupt.interrupted ? await Promise.race([stopped, setTimeout(STOPS_WITHIN_MS, false)]) : await stopped
    interrupt.stop()
    remove()
    process.off('exit', remove)
    if (!done) process.exit(EXIT_INTERRUPTED)
  }
}

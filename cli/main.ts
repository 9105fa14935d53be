#!/usr/bin/env node
/** The command line. Each command is one file, imported only when it is asked for. */
// As a whole: a name that an old Node does not export would end it before the message below.
import { writeSync } from 'node:fs'
import * as nodeModule from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const supported = (major === 22 && minor >= 22) || (major === 24 && minor >= 15) || major >= 26
if (!supported) {
  process.stderr.write(`postproof needs Node 22.22, 24.15 or 26 and newer; this is ${process.versions.node}\n`)
  process.exit(3)
}
nodeModule.enableCompileCache()
// Whoever reads our output may leave (`| head`): that is no failure of the run, whose report is in its folder. A full disk is one.
let unwritten: string | undefined
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') unwritten ??= error.code ?? error.message
  })
}
process.on('exit', () => {
  if (unwritten === undefined) return
  process.exitCode ||= 2
  try {
    writeSync(2, `postproof: its output cannot be written: ${unwritten}\n`)
  } catch {
    // Standard error is the one that is full: the exit code tells.
  }
})
// During a run, errors that nobody handled are made part of its results (cli/execute.ts); before and after it they end the process, never with the code of a failed gate.
process.on('uncaughtException', (error) => {
  if (process.listenerCount('uncaughtException') > 1) return
  process.stderr.write(
    `postproof: a defect of postproof itself: ${process.env.POSTPROOF_DEBUG === undefined ? String(error) : (error.stack ?? String(error))}\n`,
  )
  process.exit(2)
})
try {
  process.cwd()
} catch {
  process.stderr.write('postproof: the current folder is gone; change to one that is there; nothing was sent\n')
  process.exit(3)
}
const { main } = await import('./commands.ts')
await main(process.argv)

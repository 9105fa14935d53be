#!/usr/bin/env node
/** The command line. Each command is one file, imported only when it is asked for. */
// As a whole: a name that an old Node does not export would end it before the message below.
import * as nodeModule from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const supported = (major === 22 && minor >= 22) || (major === 24 && minor >= 15) || major >= 26
if (!supported) {
  process.stderr.write(`postproof needs Node 22.22, 24.15 or 26 and newer; this is ${process.versions.node}\n`)
  process.exit(3)
}
nodeModule.enableCompileCache()
// Whoever reads our output may leave (`| head`): that is no failure of the run, whose report is in its folder.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
const { main } = await import('./commands.ts')
await main(process.argv)

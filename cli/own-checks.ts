/** Our own checks, found by their files. In the built package one module that names them all stands in this one's place (tools/bundle.ts): hundreds of files take long to open. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkFiles, type Found, idOf, loadChecks } from '../helpers/discover.ts'

const suites = join(dirname(dirname(fileURLToPath(import.meta.url))), 'suites')
let listed: Promise<readonly string[]> | undefined
const ownFiles = (): Promise<readonly string[]> => (listed ??= checkFiles(suites))

/** Known before any of them is imported. */
export const ownIds = async (): Promise<readonly string[]> => (await ownFiles()).map((file) => idOf(suites, file))

export const ownChecks = async (): Promise<Found> => await loadChecks(suites, { idsFromPath: true, files: await ownFiles() })

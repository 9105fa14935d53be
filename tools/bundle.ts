/**
 * Second step of `npm run build`: what a run loads becomes a few files in `dist/bin`, entered through the same paths as before (`dist/cli/main.js`, `dist/index.js`,
 * `dist/suites/verify.test.js`). Opening hundreds of small modules takes longer than most targets take to answer (bench/cold-start.ts). Packages of others stay what they are, installed
 * beside ours; the deployments of `demo` and `selftest` (`fixtures/`) stay single files, and so does what they import.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'vite'
import { checkFiles, idOf } from '../helpers/discover.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const suites = join(root, 'suites')
const files = await checkFiles(suites)
const ALL = 'postproof:checks'

/** One module with the ids, a second that imports the checks: `verify` sends its first packets between the two. */
const ownChecks: Plugin = {
  name: 'own-checks',
  enforce: 'pre',
  resolveId: (id) => (id === ALL ? id : undefined),
  load: (id) => {
    if (id === ALL) {
      const imports = files.map((file, index) => `import check${index} from ${JSON.stringify(file)}`)
      const entries = files.map((file, index) => `{ file: ${JSON.stringify(`${idOf(suites, file)}.check.ts`)}, check: check${index} }`)
      return `${imports.join('\n')}\nexport default [${entries.join(', ')}]`
    }
    if (id !== join(root, 'cli/own-checks.ts')) return undefined
    return (
      `const ids = ${JSON.stringify(files.map((file) => idOf(suites, file)))}\n` +
      `export const ownIds = async () => ids\n` +
      `export const ownChecks = async () => ({ checks: (await import('${ALL}')).default, broken: [] })\n`
    )
  },
}

const fixtures: Plugin = {
  name: 'fixtures',
  enforce: 'pre',
  resolveId: (id, importer) => {
    if (importer === undefined || !id.startsWith('.')) return undefined
    const path = relative(root, join(dirname(importer), id))
    // From a chunk in dist/bin.
    return path.startsWith(`fixtures${sep}`) ? { id: `../${path.split(sep).join('/').replace(/\.ts$/, '.js')}`, external: true } : undefined
  },
}

const {
  dependencies = {},
  optionalDependencies = {},
  peerDependencies = {},
} = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string> | undefined>
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })

await build({
  configFile: false,
  root,
  logLevel: 'warn',
  plugins: [ownChecks, fixtures],
  ssr: { external: true },
  build: {
    ssr: true,
    target: 'node22',
    outDir: join(root, 'dist'),
    emptyOutDir: false,
    copyPublicDir: false,
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: {
        'cli/main': join(root, 'cli/main.ts'),
        'cli/runner-thread': join(root, 'cli/runner-thread.ts'),
        index: join(root, 'index.ts'),
        'suites/verify.test': join(root, 'suites/verify.test.ts'),
      },
      external: (id) => id.startsWith('node:') || installed.some((name) => id === name || id.startsWith(`${name}/`)),
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'bin/[name]-[hash].js' },
    },
  },
})

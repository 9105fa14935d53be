import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { firstPartyAssets } from '../../helpers/probes/page.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { at, curlHost, noDocument } from './shared.ts'
import { isVersioned } from './versioned.ts'

/** Paths that only a development server has, or that nothing but one compiles. */
const DEVELOPMENT =
  /^\/(?:@vite\/|@react-refresh|@id\/|@fs\/|node_modules\/|__webpack_dev_server__|webpack-dev-server)|\.(?:ts|tsx|jsx|vue|svelte)$|\.hot-update\.js$|^\/_next\/static\/(?:chunks\/)?(?:development\/|react-refresh\.js)/
/** Hot reload that the document starts by itself. */
const PREAMBLE = /\/@react-refresh|__vite_plugin_react_preamble_installed__|injectIntoGlobalHook\(window\)/

export default defineCheck({
  id: 'caching/production-build',
  title: 'A production build is served',
  failureTitle: 'No production build is served',
  why: 'What a development server hands out is slow, tells its sources and changes under the same names, so that visitors keep a mixture of releases.',
  source: 'Vite, building for production (build.rolldownOptions.output, hashed file names); webpack, caching ([contenthash])',
  severity: 'medium',
  codes: {
    'caching.build.development': {
      meaning: 'The document loads scripts that only a development server has.',
      fix: 'Build (vite build, next build, webpack --mode production) and serve the result, not the development server.',
    },
    'caching.build.unversioned': {
      meaning: 'None of the scripts and style sheets of the application changes its name with a release.',
      fix: 'Let the build put a digest of the content into the file names ([hash], [contenthash]).',
    },
  },
  options: {},
  subjects: eachHost((host) => host.kind === 'spa'),
  unless: { skip: 'not-applicable', reason: 'no host of the target is an application of one page (kind: spa)' },
  needs: (subject) => ({ seen: firstPartyAssets(hostOf(subject)) }),
  judge: ({ seen: { page } }, { target }) => {
    const { document } = page
    const none = noDocument(document, page.html)
    if (none !== undefined) return none
    const own = new Set(target.hosts.map(({ fqdn }) => fqdn))
    const loaded = page.references.flatMap(({ tag, attribute, rel, url }) =>
      url !== undefined && URL.canParse(url) && own.has(new URL(url).hostname) && ((tag === 'script' && attribute === 'src') || rel.includes('stylesheet'))
        ? [new URL(url)]
        : [],
    )
    const development = loaded.filter(({ pathname }) => DEVELOPMENT.test(pathname))
    const preamble = page.inlineScripts.some(({ text }) => PREAMBLE.test(text))
    if (loaded.length === 0 && !preamble)
      return skip('not-applicable', 'the document loads no script or style sheet of the deployment', at(document, 'document', 'scripts of its own', 'none'))
    const findings: Finding[] = [...development.map(({ pathname }) => pathname), ...(preamble ? ['hot reload in the document'] : [])].map((what) => ({
      grade: 'fail',
      code: 'caching.build.development',
      evidence: at(document, 'what the document loads', 'files of a build', what.slice(0, 200)),
    }))
    const built = loaded.filter(({ pathname }) => !DEVELOPMENT.test(pathname))
    const names = built.map(({ pathname, search }) => `${pathname}${search}`)
    // One file without a version may be meant so (settings of the place where it runs); a build without any is none.
    if (built.length > 0)
      findings.push({
        grade: built.every(({ href }) => isVersioned(href) === false) ? 'warn' : 'pass',
        code: 'caching.build.unversioned',
        evidence: at(document, 'scripts and style sheets', 'names that change with a release', names.join(', ').slice(0, 400)),
      })
    return worst(findings)
  },
  reproduce: curlHost(),
  covers: ['E44'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { firstPartyAssets } from '../../helpers/probes/page.ts'
import type { Target } from '../../helpers/target.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { at, curlHost, duration, longest, noPages, policyOf, showsPages } from './shared.ts'
import { isVersioned } from './versioned.ts'

const EXTENSIONS: readonly string[] = ['js', 'mjs', 'css', 'png', 'jpg', 'jpeg', 'gif', 'ico', 'svg', 'webp', 'avif', 'woff', 'woff2']
const extensionOf = (url: string): string | undefined => /\.([a-z0-9]{1,8})$/i.exec(url.replace(/[?#].*$/s, ''))?.[1]?.toLowerCase()

const declaredFor = (target: Target, url: string) => {
  const rule = target.file.caching?.static
  return rule !== undefined && (rule.extensions ?? EXTENSIONS).includes(extensionOf(url) ?? '') ? rule : undefined
}

export default defineCheck({
  id: 'caching/static-assets',
  title: 'Assets live in caches as long as they should',
  failureTitle: 'Assets do not live in caches as they should',
  why: 'Files whose name changes with every release may stay for a year; without that every visit loads them again. Others must not stay.',
  source: 'RFC 9111 §5.2.2, RFC 8246 (immutable); caching.static of the target',
  severity: 'low',
  codes: {
    'caching.static.short': {
      meaning: 'The asset lives shorter than declared (or than its versioned name allows).',
      fix: 'nginx: expires 1y; add_header Cache-Control "public, immutable" always; in the location of the assets.',
    },
    'caching.static.long': { meaning: 'The asset lives longer than declared.', fix: 'Correct the lifetime, or the declaration.' },
    'caching.static.directive': { meaning: 'A declared directive is missing.', fix: 'Send it; all Cache-Control lines of the response count together.' },
    'caching.static.uncached': {
      meaning: 'The asset may not be reused at all.',
      fix: 'Take no-store and no-cache away for assets; often a header made for documents is inherited.',
    },
    'caching.static.unversioned': {
      meaning: 'An asset whose name does not change with a release lives for long: visitors keep the old one.',
      fix: 'Put a hash into its name, or send no-cache for it.',
    },
    'caching.static.missing': {
      meaning: 'An asset that the document names is not there.',
      fix: 'Deploy document and assets together; keep the assets of the release before.',
    },
  },
  /** What a versioned name should live at least (7 days), and one without a version at most (a day), where nothing is declared. */
  options: { minSeconds: 604_800, maxUnversionedSeconds: 86_400 },
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ seen: firstPartyAssets(hostOf(subject)) }),
  judge: ({ seen }, { target, options }) => {
    if (seen.assets.length === 0) {
      const shown = at(
        seen.page.document,
        'document',
        'assets of its own',
        `${seen.page.document.status}, ${seen.page.references.length} references, none of them its own`,
      )
      return isObstacle(seen.page.document)
        ? inconclusive('unobserved', 'no document that could name assets', shown)
        : skip('not-applicable', 'the document names no asset of the deployment', shown)
    }
    const findings: Finding[] = []
    for (const { url, seen: look } of seen.assets) {
      if (!look.ok) return inconclusive('unobserved', `${url}: ${look.failure.message} (${look.failure.code})`)
      const asset = look.value
      if (isObstacle(asset)) return inconclusive('unobserved', `${url} answered ${asset.status}`)
      if (asset.status !== 200) {
        findings.push({ grade: 'warn', code: 'caching.static.missing', evidence: at(asset, 'asset named by the document', '200', String(asset.status)) })
        continue
      }
      const policy = policyOf(asset)
      const life = policy.browserSeconds ?? 0
      const rule = declaredFor(target, url)
      const versioned = isVersioned(url)
      const told = `${policy.browserSeconds === undefined ? 'nothing said' : duration(life)} (${policy.shown})`
      const wanted =
        rule !== undefined
          ? `${rule.exact === true ? 'exactly' : 'at least'} ${duration(rule.maxAge)}${rule.directives === undefined ? '' : `, ${rule.directives.join(', ')}`}`
          : versioned
            ? `at least ${duration(options.minSeconds)} (versioned name)`
            : `at most ${duration(options.maxUnversionedSeconds)} (name without version)`
      const evidence = at(asset, 'life of the asset', wanted, told)
      if (rule !== undefined) {
        const names = new Set(policy.control.directives.map((one) => (one.value === undefined ? one.name : `${one.name}=${one.value.toLowerCase()}`)))
        const missing = (rule.directives ?? []).filter((one) => !names.has(one.toLowerCase().replace(/\s*=\s*/, '=')))
        if (policy.control.noStore || policy.control.noCache) findings.push({ grade: 'fail', code: 'caching.static.uncached', evidence })
        else if (!(life >= rule.maxAge)) findings.push({ grade: 'fail', code: 'caching.static.short', evidence })
        else if (rule.exact === true && life !== rule.maxAge) findings.push({ grade: 'fail', code: 'caching.static.long', evidence })
        else if (missing.length > 0)
          findings.push({ grade: 'fail', code: 'caching.static.directive', evidence: { ...evidence, received: `${told}; without ${missing.join(', ')}` } })
        else findings.push({ grade: 'pass', evidence })
      } else if (versioned === undefined)
        findings.push({ grade: 'pass', evidence: { ...evidence, expected: 'any life: the name may or may not carry a version' } })
      else if (versioned) {
        if (policy.control.noStore) findings.push({ grade: 'warn', code: 'caching.static.uncached', evidence })
        else findings.push({ grade: life >= options.minSeconds ? 'pass' : 'warn', code: 'caching.static.short', evidence })
      } else {
        const bound = longest(policy) > options.maxUnversionedSeconds || (policy.control.immutable && life > 0)
        findings.push({ grade: bound ? 'warn' : 'pass', code: 'caching.static.unversioned', evidence })
      }
    }
    return worst(findings)
  },
  reproduce: curlHost(),
  covers: ['C78', 'D36', 'E45'],
})

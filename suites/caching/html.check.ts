import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { headerValue, isHtml } from '../../helpers/headers.ts'
import type { HttpObservation } from '../../helpers/observations.ts'
import type { Probe } from '../../helpers/probe.ts'
import { httpRequest } from '../../helpers/probes/http.ts'
import { pageOf, type Page } from '../../helpers/probes/page.ts'
import { type Finding, worst } from '../../helpers/verdict.ts'
import { at, curlHost, duration, longest, noDocument, policyOf, showsPages } from './shared.ts'

/** A path that only the router of a single-page application answers. */
const DEEP = '/postproof-deep/link'

export default defineCheck({
  id: 'caching/html',
  title: 'Documents are asked for anew',
  failureTitle: 'Documents stay in caches',
  why: 'A document names the files of one release. Kept for long, visitors stay on the old release or load files that are gone.',
  source: 'RFC 9111 §4.2, §5.2.2; caching.html of the target',
  severity: 'medium',
  codes: {
    'caching.html.long': {
      meaning: 'Caches may use the document for longer than allowed without asking.',
      fix: 'Send Cache-Control: no-cache with documents; nginx: add_header in the location of index.html, not in that of assets.',
    },
    'caching.html.shared': {
      meaning: 'Shared caches may use the document for longer than allowed; browsers ask anew.',
      fix: 'Lower s-maxage, or empty the cache of the edge with every release and declare caching.html: any.',
    },
    'caching.html.immutable': {
      meaning: 'The document is marked immutable: browsers never ask again while it is fresh.',
      fix: 'Keep immutable for files whose name carries a hash.',
    },
    'caching.html.stored': { meaning: 'The document is declared to be kept nowhere, but may be stored.', fix: 'Send Cache-Control: no-store.' },
    'caching.html.heuristic': {
      meaning: 'Nothing is said about its life: caches guess one from Last-Modified (a tenth of its age).',
      fix: 'Send Cache-Control: no-cache with documents.',
    },
  },
  /** Longest life in seconds that still lets a release arrive; where nothing is declared (caching.html), a day is a deviation only. */
  options: { maxSeconds: 3600, alwaysSeconds: 86_400 },
  subjects: (target) => (target.file.caching?.html === 'any' ? [] : eachHost(showsPages)(target)),
  unless: { skip: 'not-applicable', reason: 'no host shows pages, or caching.html is any' },
  needs: (subject): Record<string, Probe<Page> | Probe<HttpObservation>> => {
    const host = hostOf(subject)
    return { page: pageOf(host), ...(host.kind === 'spa' ? { deep: httpRequest({ scheme: 'https', host: host.fqdn, path: DEEP }) } : {}) }
  },
  judge: (seen, { target, options }) => {
    const { page, deep } = seen as { page: Page; deep?: HttpObservation }
    const none = noDocument(page.document, page.html)
    if (none !== undefined) return none
    const declared = target.file.caching?.html !== undefined
    const noStore = target.file.caching?.html === 'noStore'
    const findings = [page.document, ...(deep !== undefined && deep.status === 200 && isHtml(deep) ? [deep] : [])].map((document): Finding => {
      const policy = policyOf(document)
      const browser = policy.browserSeconds ?? 0
      const shared = policy.sharedSeconds ?? 0
      const life = longest(policy)
      const evidence = at(
        document,
        'life of the document',
        noStore ? 'no-store' : `at most ${duration(options.maxSeconds)} without asking`,
        `${life > 0 ? duration(life) : policy.browserSeconds === 0 ? 'asked for anew' : 'not said'} (${policy.shown})`,
      )
      if (noStore && !policy.control.noStore) return { grade: 'fail', code: 'caching.html.stored', evidence }
      if (!(browser <= options.maxSeconds))
        return { grade: declared || !(browser <= options.alwaysSeconds) ? 'fail' : 'warn', code: 'caching.html.long', evidence }
      // An edge that is emptied with every release may keep a document for a year; only where the owner says otherwise is it a deviation.
      if (!(shared <= options.maxSeconds)) return { grade: declared ? 'warn' : 'pass', code: 'caching.html.shared', evidence }
      if (policy.control.immutable && life > 0) return { grade: 'fail', code: 'caching.html.immutable', evidence }
      if (policy.heuristic)
        return {
          grade: 'warn',
          code: 'caching.html.heuristic',
          evidence: { ...evidence, received: `${evidence.received}; Last-Modified: ${headerValue(document.headers, 'last-modified') ?? 'absent'}` },
        }
      return { grade: 'pass', evidence }
    })
    return worst(findings)
  },
  reproduce: curlHost(),
  covers: ['C78', 'D36', 'E45'],
})

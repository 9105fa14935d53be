import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import type { PageReference } from '../../helpers/probes/page.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { wholePage } from './probes.ts'
import { curlDocument, evidenceOf, noPages, pageOr, policiesOf, showsPages } from './shared.ts'

/** Links that load something; canonical, alternate, preconnect and the like load nothing into the page. */
const LOADED: ReadonlySet<string> = new Set(['stylesheet', 'modulepreload', 'preload', 'manifest', 'icon', 'apple-touch-icon', 'mask-icon'])
const IMAGES: ReadonlySet<string> = new Set(['img', 'source', 'video', 'audio', 'track'])

/** What a browser does with a reference over plain http: blocks it, upgrades it, sends a form in clear, or has nothing to load. */
function kindOf(reference: PageReference): 'active' | 'passive' | 'form' | undefined {
  if (reference.attribute === 'action' || reference.attribute === 'formaction') return 'form'
  if (reference.tag === 'link') {
    if (!reference.rel.some((one) => LOADED.has(one))) return undefined
    return reference.rel.some((one) => one.endsWith('icon')) ? 'passive' : 'active'
  }
  return IMAGES.has(reference.tag) || reference.attribute === 'poster' || reference.tag === 'input' ? 'passive' : 'active'
}

export default defineCheck({
  id: 'headers/mixed-content',
  title: 'The page loads nothing over plain http',
  failureTitle: 'The page loads something over plain http',
  why: 'Browsers block such scripts and frames, so the page is broken; a form sent in clear can be read and changed on the way.',
  source: 'Mixed Content §3, §4; Upgrade Insecure Requests §3.2',
  severity: 'high',
  codes: {
    'headers.mixed-content.active': {
      meaning: 'A script, style or frame is named with http:; browsers block it.',
      fix: 'Name it with https:, or send Content-Security-Policy: upgrade-insecure-requests.',
    },
    'headers.mixed-content.form': { meaning: 'A form is sent over plain http.', fix: 'Use https: in its action.' },
    'headers.mixed-content.passive': { meaning: 'A picture or sound is named with http:; some browsers upgrade it, others warn.', fix: 'Name it with https:.' },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), page: wholePage(hostOf(subject)) }),
  judge: ({ chain, page }, { subject }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const upgraded = policiesOf(seen).enforced.some((policy) => policy.directives.has('upgrade-insecure-requests'))
    const findings: Finding[] = []
    for (const reference of page.references) {
      if (reference.url?.startsWith('http:') !== true) continue
      const kind = kindOf(reference)
      if (kind === undefined) continue
      const evidence = evidenceOf(seen, `${reference.tag} ${reference.attribute}`, 'https', reference.raw.slice(0, 200))
      if (upgraded) findings.push({ grade: 'pass', evidence: { ...evidence, received: `${evidence.received}, which upgrade-insecure-requests upgrades` } })
      else findings.push({ grade: kind === 'passive' ? 'warn' : 'fail', code: `headers.mixed-content.${kind}`, evidence })
    }
    const evidence = evidenceOf(seen, 'references of the page', 'none over plain http', `${page.references.length} references`)
    if (page.cut && !findings.some(({ grade }) => grade === 'fail')) return inconclusive('unobserved', 'the page is too large to be read to its end', evidence)
    findings.push({ grade: 'pass', evidence })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: ['A26'],
})

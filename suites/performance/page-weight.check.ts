import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isObstacle } from '../../helpers/headers.ts'
import { pageLoad } from '../../helpers/probes/timing.ts'
import { type Evidence, fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { budgetedHosts, budgetOf, counts, curlBytes, noBudget, readUpTo, showsPages, statusEvidence } from './shared.ts'

export default defineCheck({
  id: 'performance/page-weight',
  title: 'The page with what it loads is no heavier than declared',
  failureTitle: 'The page with what it loads is heavier than declared',
  why: 'The document is the small part: scripts, styles and images decide when a visitor can begin.',
  source: 'performance.pageBytes of the target; document, scripts, styles and images named by the markup on the same host, as browsers ask for them',
  severity: 'low',
  codes: {
    'performance.page.heavy': {
      meaning: 'Document and assets together are more bytes on the wire than declared.',
      fix: 'Compress text, split the scripts, scale the images, load later what the first view does not need.',
    },
  },
  options: {},
  subjects: budgetedHosts('pageBytes', (host) => showsPages(host) && host.kind !== 'api'),
  unless: noBudget('pageBytes'),
  needs: (subject, target) => ({ page: pageLoad(hostOf(subject), readUpTo(target)) }),
  judge: ({ page }, { subject, target }) => {
    const { document, assets } = page
    if (!counts(document, hostOf(subject)))
      return inconclusive('unobserved', `an error was measured: status ${document.status}`, statusEvidence(document, 'a document'))
    const budget = budgetOf(target, 'pageBytes')
    const parts = [document, ...assets.flatMap(({ seen }) => (seen.ok && !isObstacle(seen.value) ? [seen.value] : []))]
    const bytes = parts.reduce((sum, part) => sum + part.wireBytes, 0)
    const missing = assets.length + 1 - parts.length
    const unclear = page.cut || missing > 0 || parts.some((part) => part.truncated)
    const heaviest = [...parts].sort((a, b) => b.wireBytes - a.wireBytes)
    const evidence: readonly Evidence[] = [
      {
        ...statusEvidence(document, `≤ ${budget} bytes on the wire`),
        what: `${document.url} with ${assets.length} assets`,
        received: `${unclear ? 'at least ' : ''}${bytes} bytes${page.foreign === 0 ? '' : `; ${page.foreign} more come from other hosts`}`,
      },
      ...heaviest.slice(0, 5).map((part) => ({ ...statusEvidence(part, 'a part of it'), received: `${part.wireBytes} bytes` })),
    ]
    if (!(bytes <= budget)) return fail('performance.page.heavy', evidence)
    return unclear
      ? inconclusive('unobserved', `${missing} assets failed or parts were not read to their end, so the weight is not known`, evidence)
      : pass(evidence)
  },
  reproduce: curlBytes,
  covers: ['C73'],
})

import { defineCheck, hostOf } from '../../helpers/check.ts'
import { headerValue } from '../../helpers/headers.ts'
import { pageLoad } from '../../helpers/probes/timing.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { budgetedHosts, budgetOf, counts, curlBytes, noBudget, readUpTo, showsPages, statusEvidence } from './shared.ts'

export default defineCheck({
  id: 'performance/body-size',
  title: 'The document is no larger than declared',
  failureTitle: 'The document is larger than declared',
  why: 'Pages grow unnoticed; on a phone each hundred kilobytes is half a second.',
  source: 'performance.bodyBytes of the target; bytes on the wire with gzip and br offered',
  severity: 'low',
  codes: {
    'performance.body.large': {
      meaning: 'The document comes with more bytes than declared.',
      fix: 'Compress it at the edge; look for data, styles and images that stand in the document itself.',
    },
  },
  options: {},
  subjects: budgetedHosts('bodyBytes', showsPages),
  unless: noBudget('bodyBytes'),
  needs: (subject, target) => ({ page: pageLoad(hostOf(subject), readUpTo(target)) }),
  judge: ({ page }, { subject, target }) => {
    const { document } = page
    if (!counts(document, hostOf(subject)))
      return inconclusive('unobserved', `an error was measured: status ${document.status}`, statusEvidence(document, 'a document'))
    const budget = budgetOf(target, 'bodyBytes')
    const evidence = {
      ...statusEvidence(document, `≤ ${budget} bytes on the wire`),
      received: `${document.truncated ? 'more than ' : ''}${document.wireBytes} bytes (${headerValue(document.headers, 'content-encoding') ?? 'not compressed'})`,
    }
    if (!(document.wireBytes <= budget)) return fail('performance.body.large', evidence)
    return document.truncated ? inconclusive('unobserved', 'the document was not read to its end', evidence) : pass(evidence)
  },
  reproduce: curlBytes,
  covers: [],
})

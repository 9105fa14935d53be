import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { firstPartyAssets } from '../../helpers/probes/page.ts'
import { inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { ownAnswers, reach } from './responses.ts'
import { answerOf, curlDocument, noPages, showsPages } from './shared.ts'

export default defineCheck({
  id: 'headers/assets',
  title: 'Static assets carry the declared headers and are not guessed at',
  failureTitle: 'Static assets go without headers that are sent elsewhere',
  why: 'A location for assets usually sets cache headers of its own, and with them it silently drops everything the server block adds.',
  source: 'nginx: ngx_http_headers_module, inheritance of add_header; ASVS 3.4.4',
  severity: 'medium',
  codes: {
    'headers.assets.declared': {
      meaning: 'An asset goes without a header that the target declares for every response.',
      fix: 'nginx: repeat the add_header lines in the asset location (include a snippet).',
    },
    'headers.assets.lost': {
      meaning: 'An asset goes without nosniff, which the document has.',
      fix: 'nginx: repeat the add_header lines in the asset location (include a snippet).',
    },
  },
  options: {},
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), found: firstPartyAssets(hostOf(subject)) }),
  judge: ({ chain, found }, { subject }) => {
    const host = hostOf(subject)
    const basis = answerOf(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const own = found.assets.filter(({ url }) => url.startsWith(`https://${host.fqdn}/`))
    if (own.length === 0) return skip('not-applicable', 'the document names no asset of this host; declare some under assets')
    const answers = ownAnswers(host, found)
    if (answers.length === 0) return inconclusive('unobserved', `none of ${own.length} assets answered`)
    return worst(answers.flatMap((other) => reach(host, basis.seen, other, { declared: 'headers.assets.declared', lost: 'headers.assets.lost' })))
  },
  reproduce: curlDocument,
  covers: ['A31', 'C9', 'D11', 'E46'],
})

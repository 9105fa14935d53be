import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { closesSite, forbidsListing } from '../../helpers/grammar/robots.ts'
import { bodyText, headerValues, isHtml } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { documentOf, httpRequest } from '../../helpers/probes/http.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { curlDocument, documentOr, evidenceOf, shownValues, showsPages, tagsOf, usable } from './shared.ts'

export default defineCheck({
  id: 'headers/indexing',
  title: 'Search engines list what shall be listed, and nothing else',
  failureTitle: 'What search engines are told is not what is declared',
  why: 'A staging copy in a search engine is found by everybody; a shop that says noindex is found by nobody. Robots.txt alone keeps no address out of a list.',
  source: 'RFC 9309 §2.2; robots meta tag and X-Robots-Tag, as search engines document them',
  severity: 'medium',
  codes: {
    'headers.indexing.open': {
      meaning: 'Search engines may list the host, which is declared noindex.',
      fix: 'nginx: add_header X-Robots-Tag noindex always; or <meta name="robots" content="noindex">.',
    },
    'headers.indexing.closed': {
      meaning: 'Search engines are kept from listing the host, which is declared index.',
      fix: 'Take noindex out of X-Robots-Tag and of the robots meta element, and "Disallow: /" out of robots.txt.',
    },
  },
  options: {},
  subjects: eachHost((host) => showsPages(host) && host.declared.robots !== undefined),
  unless: { skip: 'not-declared', reason: 'no host declares robots' },
  needs: (subject) => ({
    chain: documentOf(hostOf(subject)),
    robots: attempt(httpRequest({ scheme: 'https', host: hostOf(subject).fqdn, path: '/robots.txt' })),
  }),
  judge: ({ chain, robots }, { subject }) => {
    const host = hostOf(subject)
    const basis = documentOr(chain, host)
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const headers = headerValues(seen.headers, 'x-robots-tag')
    const metas = tagsOf(seen)
      .filter(({ name, attributes }) => name === 'meta' && attributes.get('name')?.trim().toLowerCase() === 'robots')
      .map(({ attributes }) => attributes.get('content') ?? '')
    const received = `X-Robots-Tag: ${shownValues(headers)}; robots meta element: ${shownValues(metas)}`
    const unlisted = forbidsListing(headers) || forbidsListing(metas)
    if (host.declared.robots === 'noindex') {
      // What needs a login, or is an error, is not listed whatever it says.
      const shown = seen.status >= 200 && seen.status < 300
      const evidence = evidenceOf(seen, 'robots', 'noindex, in the header or the page', shown ? received : `${received}; status ${seen.status} is never listed`)
      return unlisted || !shown ? pass(evidence) : fail('headers.indexing.open', evidence)
    }
    const evidence = evidenceOf(seen, 'robots', 'nothing that forbids listing', received)
    if (unlisted) return fail('headers.indexing.closed', evidence)
    const file = usable(robots)
    if (file === undefined || file.status >= 500) return inconclusive('unobserved', 'robots.txt could not be read', evidence)
    const text = file.status >= 200 && file.status < 300 && !isHtml(file) ? bodyText(file) : ''
    const told = evidenceOf(file, 'robots.txt', 'not "Disallow: /" for all', closesSite(text) ? 'the whole site is closed to all' : `status ${file.status}`)
    return closesSite(text) ? fail('headers.indexing.closed', [evidence, told]) : pass([evidence, told])
  },
  reproduce: curlDocument,
  covers: [],
})

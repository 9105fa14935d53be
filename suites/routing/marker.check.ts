import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'

import { documentOf } from '../../helpers/probes/http.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { curlHttps, documentIn, evidenceOf, noDocument, obstacle, readMarker } from './shared.ts'

export default defineCheck({
  id: 'routing/marker',
  title: 'The right application answers, known by its content',
  failureTitle: 'Another application answers than should',
  why: 'Two swapped hosts, a default page and an empty answer all have status 200; only content tells who answered.',
  source: 'hosts.*.marker of the target',
  severity: 'critical',
  codes: {
    'routing.marker.missing': {
      meaning: 'The document does not carry what marks this application.',
      fix: 'Check which backend this name is routed to; take the marker anew if the application changed.',
    },
    'routing.marker.error': { meaning: 'An error came instead of the document.', fix: 'Repair the backend or the route; then the marker can be judged.' },
  },
  options: {},
  // Behind a login only the login is seen by strangers; what is behind it belongs to the checks that sign in.
  subjects: eachHost((host) => host.declared.marker !== undefined && host.access === 'public'),
  unless: { skip: 'not-declared', reason: 'no host that the public may read declares a marker' },
  needs: (subject) => ({ document: documentOf(hostOf(subject)) }),
  judge: ({ document }, { subject }) => {
    const { marker } = hostOf(subject).declared
    const seen = documentIn(document)
    if (marker === undefined) return inconclusive('defect', 'no marker to judge by')
    if (seen === undefined) return noDocument(document)
    const blocked = obstacle(seen)
    if (blocked !== undefined) return blocked
    const read = readMarker(marker, seen)
    if (read.misused !== undefined) return inconclusive('misused', read.misused, read.evidence)
    if (read.ok) return pass(read.evidence)
    if (seen.status >= 500) return fail('routing.marker.error', [evidenceOf(seen, 'the document with its marker'), ...read.evidence])
    return fail('routing.marker.missing', read.evidence)
  },
  reproduce: (subject, target, evidence) => curlHttps()(subject, target, evidence).replace(' -D - -o /dev/null', ' -L'),
  covers: ['A4', 'B2', 'B3', 'B4', 'B7'],
})

import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, pass, skip } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'drill/live-untouched',
  title: 'The drill touched nothing but what it made',
  failureTitle: 'The drill reached a server that it did not make',
  why: 'A drill that runs into the live database is the disaster that it should prevent.',
  source: 'servers reached by the drill; system identifier of each cluster',
  severity: 'critical',
  codes: {
    'drill.live-reached': {
      meaning: 'A server of the drill has the identifier of the live one.',
      fix: 'Stop. Nothing of the target can tell the drill of a live database; look at liveIdentifier and at who copied the live data folder.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => {
    const identifiers = drill.databases.flatMap(({ label, postgres }) => (postgres === undefined ? [] : [{ label, identifier: postgres.systemIdentifier }]))
    const files = drill.databases
      .filter(({ kind }) => kind === 'sqlite')
      .map(({ label }) => ({ what: label, expected: 'a copy in the work folder', received: 'opened there only' }))
    const servers = drill.live.reached.map((reached) => ({ what: 'server of the drill', expected: 'made by the drill', received: reached }))
    const clusters = identifiers.map(({ label, identifier }) => ({
      what: `system identifier of the cluster of ${label}`,
      expected: drill.live.identifier === undefined ? 'one that is not live' : `not ${drill.live.identifier}`,
      received: identifier,
    }))
    if (identifiers.some(({ identifier }) => identifier === drill.live.identifier)) return fail('drill.live-reached', clusters)
    const evidence = [...servers, ...clusters, ...files]
    return evidence.length === 0 ? skip('not-applicable', 'nothing was restored, so that nothing was reached') : pass(evidence)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
})

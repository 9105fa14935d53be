import { defineCheck } from '../../helpers/check.ts'
import { drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'

export default defineCheck({
  id: 'drill/isolated',
  title: 'The restored servers can reach nothing',
  failureTitle: 'A restored server has a way out',
  why: 'Restored data hold addresses of customers and jobs that are due: a restored server with a network sends the mails of last night again, and a dump is code.',
  source: '/proc/net/dev and /proc/net/route as the restored server sees them',
  severity: 'medium',
  codes: {
    'drill.way-out': {
      meaning: 'A restored server has a network interface or a route.',
      fix: 'Report it: the drill starts every server without network. With an own image, look at what runs beside PostgreSQL in it.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }) => {
    if (drill.isolation.length === 0) return skip('not-applicable', 'no server was started')
    const evidence = drill.isolation.map(({ label, interfaces, routes, unread }) => ({
      what: `network of the server of ${label}`,
      expected: 'loopback alone, no route',
      received: unread ?? (interfaces.length === 0 && routes === 0 ? 'loopback alone, no route' : `${interfaces.join(', ') || 'loopback'}, ${routes} routes`),
    }))
    if (drill.isolation.some(({ interfaces, routes }) => interfaces.length > 0 || routes > 0)) return fail('drill.way-out', evidence, 'critical')
    const blind = drill.isolation.find(({ unread }) => unread !== undefined)
    return blind === undefined ? pass(evidence) : inconclusive('unobserved', blind.unread ?? '', evidence)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
})

import { defineCheck } from '../../helpers/check.ts'
import { connectFor, judgeService, portLook, portOf, portSubjects, servicePorts } from './port.ts'

export default defineCheck({
  id: 'exposure/database-port',
  title: 'No database, cache or queue is reachable',
  failureTitle: 'A database, cache or queue is reachable',
  why: 'Who reaches the port can try passwords and holes at leisure; without a password it takes everything at once.',
  source: 'OWASP WSTG-CONF-01; Docker: packet filtering and firewalls',
  severity: 'critical',
  codes: {
    'exposure.database.open': {
      meaning: 'A database, cache or queue works for strangers without a login.',
      fix: 'Close the port now (publish on 127.0.0.1 or not at all), set a password, and treat what was in it as read.',
    },
    'exposure.database.reachable': {
      meaning: 'A database, cache or queue answers strangers and asks for a login.',
      fix: 'Publish it on 127.0.0.1 or not at all; published container ports pass ufw by.',
    },
    'exposure.database.unknown': {
      meaning: 'A port where such services listen is open and was not declared.',
      fix: 'Close it, or declare it in exposure.open or exposure.optionalOpen.',
    },
  },
  options: {},
  subjects: (target) => portSubjects(target, servicePorts(target, 'data')),
  unless: { skip: 'not-declared', reason: 'the target has no exposure section: ports are not tried unasked' },
  needs: (subject) => ({ sight: portLook(portOf(subject)) }),
  judge: ({ sight }, { target }) =>
    judgeService(sight, target, { open: 'exposure.database.open', reachable: 'exposure.database.reachable', unknown: 'exposure.database.unknown' }),
  reproduce: (subject, target) => connectFor(portOf(subject), target),
  covers: ['A62', 'A63', 'B40', 'C22', 'E9'],
})

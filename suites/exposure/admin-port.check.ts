import { defineCheck } from '../../helpers/check.ts'
import { connectFor, judgeService, portLook, portOf, portSubjects, servicePorts } from './port.ts'

export default defineCheck({
  id: 'exposure/admin-port',
  title: 'No port of administration or monitoring is reachable',
  failureTitle: 'A port of administration or monitoring is reachable',
  why: 'Engines, debuggers and dashboards run commands or show the inside to whoever reaches their port.',
  source: 'OWASP WSTG-CONF-01, WSTG-CONF-05',
  severity: 'critical',
  codes: {
    'exposure.admin.open': {
      meaning: 'A service of administration or monitoring works for strangers without a login.',
      fix: 'Close the port now (publish on 127.0.0.1 or not at all), set a password, and treat what was in it as read.',
    },
    'exposure.admin.reachable': {
      meaning: 'A service of administration or monitoring answers strangers and asks for a login.',
      fix: 'Publish it on 127.0.0.1 or not at all; published container ports pass ufw by.',
    },
    'exposure.admin.unknown': {
      meaning: 'A port where such services listen is open and was not declared.',
      fix: 'Close it, or declare it in exposure.open or exposure.optionalOpen.',
    },
  },
  options: {},
  subjects: (target) => portSubjects(target, servicePorts(target, 'admin')),
  unless: { skip: 'not-declared', reason: 'the target has no exposure section: ports are not tried unasked' },
  needs: (subject) => ({ sight: portLook(portOf(subject)) }),
  judge: ({ sight }, { target }) =>
    judgeService(sight, target, { open: 'exposure.admin.open', reachable: 'exposure.admin.reachable', unknown: 'exposure.admin.unknown' }),
  reproduce: (subject, target) => connectFor(portOf(subject), target),
  covers: ['A65', 'B40', 'E9'],
})

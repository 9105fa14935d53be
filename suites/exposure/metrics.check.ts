import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

/** A type line and a sample, as Prometheus and OpenMetrics write them. */
const proof: Artefact['proof'] = (text) => {
  const types = text.match(/^# (?:TYPE|HELP) [a-zA-Z_:][\w:]* /gm)?.length ?? 0
  return types > 0 && /^[a-zA-Z_:][\w:]*(?:\{[^\n]*\})? [-+\dNI]/m.test(text) ? `${types} lines of metric types` : undefined
}

const ARTEFACTS: readonly Artefact[] = ['/metrics', '/api/metrics', '/actuator/prometheus', '/stats/prometheus'].map((path) => ({
  path,
  what: 'list of metrics',
  code: 'exposure.metrics',
  declarable: true,
  proof,
}))

export default defineCheck({
  id: 'exposure/metrics',
  title: 'Metrics are not public',
  failureTitle: 'Metrics are public',
  why: 'They show traffic, users, versions and internal names to anybody, minute by minute.',
  source: 'OWASP WSTG-CONF-05; Prometheus text format',
  severity: 'medium',
  codes: {
    'exposure.metrics': {
      meaning: 'An endpoint for monitoring answers the public.',
      fix: 'nginx: location = /metrics { allow 10.0.0.0/8; deny all; }, or declare it in exposure.publicPaths.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'metrics', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/metrics'),
  covers: ['A65', 'B43', 'E57'],
})

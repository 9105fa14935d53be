import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'alertmanager',
  name: 'Alertmanager',
  source: 'prometheus.io/docs: alerting, Alertmanager API',
  marks: [{ path: '/', body: /<title>Alertmanager<\/title>/ }],
  open: { page: { path: '/api/v2/status', status: [200], body: /"versionInfo"|"cluster"/ }, kept: { path: '/api/v2/status', status: [401, 403] } },
} satisfies Product as Product

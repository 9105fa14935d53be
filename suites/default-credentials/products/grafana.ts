import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'grafana',
  name: 'Grafana',
  source: 'grafana.com/docs: configuration, security, admin_password; HTTP API, authentication',
  marks: [
    { path: '/', body: /grafanaBootData|<title>Grafana<\/title>/ },
    { path: '/api/health', status: [200], body: /"database":\s*"[a-z]+"[^]{0,400}"version"/ },
  ],
  doors: [
    {
      name: 'login form',
      request: { path: '/login', json: { user: '{username}', password: '{password}' } },
      accepted: { status: [200], body: /Logged in/ },
      refused: { status: [401], body: /invalid|password/i },
      proof: { path: '/api/user', status: [200], body: /"login":\s*"/ },
    },
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"login":\s*"/ },
      refused: { status: [401] },
      proof: { path: '/api/user', status: [200], body: /"login":\s*"/ },
    },
  ],
  pairs: [
    ['admin', 'admin'],
    ['admin', 'prom-operator'],
  ],
  lockAfter: 5,
  open: { page: { path: '/api/search', status: [200], body: /^\s*\[/ }, kept: { path: '/api/search', status: [401, 403] } },
} satisfies Product as Product

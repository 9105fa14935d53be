import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'prometheus',
  name: 'Prometheus',
  source: 'prometheus.io/docs: security model, basic authentication',
  marks: [
    { path: '/', body: /<title>Prometheus/ },
    { path: '/-/healthy', status: [200], body: /Prometheus(?: Server)? is Healthy/ },
    { path: '/', status: [401], header: ['www-authenticate', /^Basic/i] },
  ],
  open: {
    page: { path: '/api/v1/status/buildinfo', status: [200], body: /"status":\s*"success"/ },
    kept: { path: '/api/v1/status/buildinfo', status: [401, 403] },
  },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'traefik',
  name: 'Traefik dashboard',
  source: 'doc.traefik.io: API and dashboard, api.insecure',
  marks: [
    { path: '/', body: /<title>Traefik[^<]*<\/title>/ },
    { path: '/api/version', status: [200, 401], body: /"Codename"/ },
    { path: '/dashboard/', body: /<title>Traefik[^<]*<\/title>/ },
  ],
  open: { page: { path: '/api/rawdata', status: [200], body: /"routers"|"services"/ }, kept: { path: '/api/rawdata', status: [401, 403, 404] } },
} satisfies Product as Product

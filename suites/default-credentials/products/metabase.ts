import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'metabase',
  name: 'Metabase',
  source: 'metabase.com/docs: setting up; session properties',
  marks: [
    { path: '/', body: /<title>Metabase<\/title>/ },
    { path: '/api/session/properties', status: [200], body: /"has-user-setup"/ },
  ],
  firstRun: {
    unclaimed: { path: '/api/session/properties', status: [200], body: /"has-user-setup":\s*false/ },
    claimed: { path: '/api/session/properties', status: [200], body: /"has-user-setup":\s*true/ },
  },
} satisfies Product as Product

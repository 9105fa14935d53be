import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'ghost',
  name: 'Ghost',
  source: 'ghost.org/docs: Admin API, setup',
  marks: [{ path: '/', body: /name="generator" content="Ghost/ }],
  firstRun: {
    unclaimed: { path: '/ghost/api/admin/authentication/setup/', status: [200], body: /"status":\s*false/ },
    claimed: { path: '/ghost/api/admin/authentication/setup/', status: [200], body: /"status":\s*true/ },
  },
} satisfies Product as Product

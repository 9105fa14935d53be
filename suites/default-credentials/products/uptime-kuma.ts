import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'uptime-kuma',
  name: 'Uptime Kuma',
  source: 'github.com/louislam/uptime-kuma: wiki, set-up of the database and the first account',
  marks: [
    { path: '/', body: /<title>Uptime Kuma<\/title>/ },
    { path: '/api/entry-page', status: [200], body: /"entryPage"/ },
  ],
  firstRun: {
    unclaimed: { path: '/setup-database-info', status: [200], body: /"needSetup":\s*true/ },
    claimed: { path: '/setup-database-info', status: [200, 404], not: /"needSetup":\s*true/ },
  },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'adguard',
  name: 'AdGuard Home',
  source: 'github.com/AdguardTeam/AdGuardHome wiki: getting started',
  marks: [{ path: '/', body: /<title>(?:AdGuard Home|Setup AdGuard Home|Login)<\/title>/ }],
  firstRun: {
    unclaimed: { path: '/', status: [200], body: /Setup AdGuard Home|install\.[0-9a-f]*\.?js/ },
    claimed: { path: '/', status: [200], not: /Setup AdGuard Home|install\.[0-9a-f]*\.?js/ },
  },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'nextcloud',
  name: 'Nextcloud',
  source: 'docs.nextcloud.com: installation wizard; status.php',
  marks: [
    { path: '/', body: /<title>\s*(?:Login – )?Nextcloud/ },
    { path: '/status.php', status: [200], body: /"productname":\s*"Nextcloud"/ },
  ],
  firstRun: {
    unclaimed: { path: '/status.php', status: [200], body: /"installed":\s*false/ },
    claimed: { path: '/status.php', status: [200], body: /"installed":\s*true/ },
  },
} satisfies Product as Product

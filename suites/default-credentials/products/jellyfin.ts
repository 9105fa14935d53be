import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'jellyfin',
  name: 'Jellyfin',
  source: 'jellyfin.org/docs: quick start, the startup wizard; System/Info/Public',
  marks: [
    { path: '/', body: /<title>Jellyfin<\/title>/ },
    { path: '/System/Info/Public', status: [200], body: /"ProductName":\s*"Jellyfin Server"/ },
  ],
  firstRun: {
    unclaimed: { path: '/System/Info/Public', status: [200], body: /"StartupWizardCompleted":\s*false/ },
    claimed: { path: '/System/Info/Public', status: [200], body: /"StartupWizardCompleted":\s*true/ },
  },
} satisfies Product as Product

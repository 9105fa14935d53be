import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'vaultwarden',
  name: 'Vaultwarden',
  source: 'github.com/dani-garcia/vaultwarden wiki: admin page, DISABLE_ADMIN_TOKEN, SIGNUPS_ALLOWED',
  marks: [{ path: '/', body: /<title>Vaultwarden Web/ }],
  open: {
    page: { path: '/admin', status: [200], body: /id="config-form"|action="[^"]*\/admin\/config/ },
    kept: { path: '/admin', body: /name="token"|admin panel is disabled/i },
  },
} satisfies Product as Product

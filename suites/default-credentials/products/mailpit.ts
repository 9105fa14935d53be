import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'mailpit',
  name: 'Mailpit',
  source: 'mailpit.axllent.org/docs: HTTP authentication, API',
  marks: [
    { path: '/', body: /<title>Mailpit/ },
    { path: '/', status: [401], header: ['www-authenticate', /mailpit|Basic realm="?Login/i] },
  ],
  open: { page: { path: '/api/v1/messages', status: [200], body: /"messages_count"|"messages":/ }, kept: { path: '/api/v1/messages', status: [401, 403] } },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'mailhog',
  name: 'MailHog',
  source: 'github.com/mailhog/MailHog: docs, authentication, API v2',
  marks: [{ path: '/', body: /<title>MailHog<\/title>/ }],
  open: { page: { path: '/api/v2/messages?limit=1', status: [200], body: /"total":\s*\d+/ }, kept: { path: '/api/v2/messages?limit=1', status: [401, 403] } },
} satisfies Product as Product

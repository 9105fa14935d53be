import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'gotify',
  name: 'Gotify',
  source: 'gotify.net/docs: install, GOTIFY_DEFAULTUSER_PASS; swagger, current user',
  marks: [
    { path: '/', body: /<title>Gotify<\/title>/ },
    { path: '/version', status: [200], body: /"buildDate"/ },
  ],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"admin":\s*(?:true|false)/ },
      refused: { status: [401], body: /"errorCode":\s*401/ },
      proof: { path: '/current/user', status: [200], body: /"admin":\s*(?:true|false)/ },
    },
  ],
  pairs: [['admin', 'admin']],
} satisfies Product as Product

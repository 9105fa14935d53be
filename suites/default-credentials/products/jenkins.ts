import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'jenkins',
  name: 'Jenkins',
  source: 'jenkins.io/doc: unlocking Jenkins, access control',
  marks: [{ path: '/', header: ['x-jenkins', /./] }],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"id"/ },
      refused: { status: [401] },
      proof: { path: '/me/api/json', status: [200], body: /"id"/ },
    },
  ],
  pairs: [['admin', 'admin']],
  firstRun: { unclaimed: { path: '/login', body: /Unlock Jenkins|setup-wizard/ }, claimed: { path: '/login', status: [200], body: /name="j_password"/ } },
  registration: { open: { path: '/signup', status: [200], body: /name="password2"/ }, closed: { path: '/signup', status: [401, 403, 404] } },
  open: { page: { path: '/api/json', status: [200], body: /"_class":\s*"hudson\.model\.Hudson"/ }, kept: { path: '/api/json', status: [401, 403] } },
} satisfies Product as Product

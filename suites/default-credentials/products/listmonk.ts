import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'listmonk',
  name: 'listmonk',
  source: 'listmonk.app/docs: configuration, LISTMONK_ADMIN_USER; installation, docker-compose sample',
  marks: [
    { path: '/', body: /<title>[^<]{0,1000}listmonk[^<]{0,1000}<\/title>|Powered by <a[^>]{0,200}listmonk/i },
    { path: '/admin/login', body: /listmonk/i },
  ],
  doors: [
    {
      name: 'login form',
      before: { path: '/admin/login', find: /name="nonce"\s+value="([^"]*)"/ },
      request: { path: '/admin/login', form: { username: '{username}', password: '{password}', nonce: '{found}', next: '/admin' } },
      accepted: { status: [302, 303] },
      refused: { body: /Invalid login or password/i },
      proof: { path: '/api/dashboard/counts', status: [200], body: /"subscribers"/ },
    },
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"subscribers"/ },
      refused: { status: [401, 403] },
      proof: { path: '/api/dashboard/counts', status: [200], body: /"subscribers"/ },
    },
  ],
  pairs: [['listmonk', 'listmonk']],
  firstRun: {
    unclaimed: { path: '/admin/login', status: [200], body: /name="password2"/ },
    claimed: { path: '/admin/login', status: [200], body: /name="nonce"/ },
  },
} satisfies Product as Product

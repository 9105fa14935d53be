import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'nginx-proxy-manager',
  name: 'Nginx Proxy Manager',
  source: 'nginxproxymanager.com/guide: default administrator user; releases that ask for one at first run',
  marks: [
    { path: '/', body: /<title>Nginx Proxy Manager<\/title>/ },
    { path: '/api/', status: [200], body: /"status":\s*"OK"[^]{0,400}"version":\s*\{/ },
  ],
  doors: [
    {
      name: 'sign-in of the API',
      request: { path: '/api/tokens', json: { identity: '{username}', secret: '{password}' } },
      accepted: { status: [200], body: /"token"/ },
      refused: { status: [400, 401, 403], body: /invalid|relevant user|denied/i },
      token: { find: /"token":\s*"([^"]+)"/, header: 'Authorization', value: 'Bearer {token}' },
      proof: { path: '/api/users/me', status: [200], body: /"email"/ },
    },
  ],
  pairs: [['admin@example.com', 'changeme']],
  firstRun: { unclaimed: { path: '/api/', status: [200], body: /"setup":\s*false/ } },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'portainer',
  name: 'Portainer',
  source: 'docs.portainer.io: initial setup; HTTP API, users/admin/check',
  marks: [
    { path: '/', body: /<title>Portainer<\/title>|ng-app="portainer"/ },
    { path: '/api/status', status: [200], body: /"InstanceID"/ },
  ],
  doors: [
    {
      name: 'sign-in of the API',
      request: { path: '/api/auth', json: { Username: '{username}', Password: '{password}' } },
      accepted: { status: [200], body: /"jwt"/ },
      refused: { status: [401, 403, 422], body: /invalid credentials|unauthorized/i },
      token: { find: /"jwt":\s*"([^"]+)"/, header: 'Authorization', value: 'Bearer {token}' },
      proof: { path: '/api/users/me', status: [200], body: /"Username"/ },
    },
  ],
  firstRun: {
    unclaimed: { path: '/api/users/admin/check', status: [404], body: /No administrator account/i },
    claimed: { path: '/api/users/admin/check', status: [204] },
  },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'keycloak',
  name: 'Keycloak',
  source: 'keycloak.org/docs: bootstrap admin, getting started with Docker (admin, admin)',
  marks: [
    { path: '/', body: /<title>Welcome to Keycloak<\/title>|Keycloak Administration/ },
    { path: '/realms/master', status: [200], body: /"realm":\s*"master"[^]{0,400}"public_key"/ },
  ],
  doors: [
    {
      name: 'token of the master realm',
      request: {
        path: '/realms/master/protocol/openid-connect/token',
        form: { grant_type: 'password', client_id: 'admin-cli', username: '{username}', password: '{password}' },
      },
      accepted: { status: [200], body: /"access_token"/ },
      refused: { status: [400, 401], body: /"invalid_grant"/ },
      token: { find: /"access_token":\s*"([^"]+)"/, header: 'Authorization', value: 'Bearer {token}' },
      proof: { path: '/admin/realms/master', status: [200], body: /"realm":\s*"master"/ },
    },
  ],
  pairs: [['admin', 'admin']],
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'nocodb',
  name: 'NocoDB',
  source: 'nocodb.com/docs: super admin at first sign-up, NC_INVITE_ONLY_SIGNUP; application information',
  marks: [
    { path: '/', body: /<title>NocoDB<\/title>/ },
    { path: '/api/v1/db/meta/nocodb/info', status: [200], body: /"firstUser"|"ncSiteUrl"/ },
  ],
  doors: [
    {
      name: 'sign-in of the API',
      request: { path: '/api/v1/auth/user/signin', json: { email: '{username}', password: '{password}' } },
      accepted: { status: [200], body: /"token"/ },
      refused: { status: [400, 401], body: /invalid credentials|not registered/i },
      token: { find: /"token":\s*"([^"]+)"/, header: 'xc-auth', value: '{token}' },
      proof: { path: '/api/v1/auth/user/me', status: [200], body: /"email":\s*"/ },
    },
  ],
  firstRun: {
    unclaimed: { path: '/api/v1/db/meta/nocodb/info', status: [200], body: /"firstUser":\s*true/ },
    claimed: { path: '/api/v1/db/meta/nocodb/info', status: [200], body: /"firstUser":\s*false/ },
  },
  registration: {
    open: { path: '/api/v1/db/meta/nocodb/info', status: [200], body: /"inviteOnlySignup":\s*false/ },
    closed: { path: '/api/v1/db/meta/nocodb/info', status: [200], body: /"inviteOnlySignup":\s*true/ },
  },
} satisfies Product as Product

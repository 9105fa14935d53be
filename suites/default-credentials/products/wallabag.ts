import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'wallabag',
  name: 'wallabag',
  source: 'doc.wallabag.org: installation, default account',
  marks: [{ path: '/', body: /<title>[^<]{0,1000}wallabag[^<]{0,1000}<\/title>/i }],
  doors: [
    {
      name: 'login form',
      before: { path: '/login', find: /name="_csrf_token"\s+value="([^"]*)"/ },
      request: { path: '/login_check', form: { _username: '{username}', _password: '{password}', _csrf_token: '{found}' } },
      accepted: { status: [302], header: ['location', /^(?!.*\/login)/] },
      refused: { status: [302], header: ['location', /\/login/] },
      proof: { path: '/config', status: [200], body: /href="\/logout"/ },
    },
  ],
  pairs: [['wallabag', 'wallabag']],
  registration: {
    open: { path: '/register', status: [200], body: /fos_user_registration/ },
    closed: { path: '/register', status: [302, 403, 404, 200], not: /fos_user_registration_form/ },
  },
} satisfies Product as Product

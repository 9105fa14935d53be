import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'pgadmin',
  name: 'pgAdmin 4',
  source: 'pgadmin.org/docs: container deployment, PGADMIN_DEFAULT_EMAIL and the examples there',
  marks: [{ path: '/', body: /<title>pgAdmin 4<\/title>/ }],
  doors: [
    {
      name: 'login form',
      before: { path: '/login', find: /(?:name="csrf_token"[^>]{0,500}value="|"csrfToken":\s*")([^"]+)"/ },
      request: { path: '/authenticate/login', form: { csrf_token: '{found}', email: '{username}', password: '{password}', internal_button: 'Login' } },
      accepted: { status: [302], header: ['location', /\/browser/] },
      refused: { status: [302], header: ['location', /\/login/] },
      proof: { path: '/browser/', status: [200], body: /pgAdmin/, not: /name="password"|"csrfToken"(?:(?!"csrfToken")[^])*?loginUrl/ },
    },
  ],
  pairs: [
    ['admin@admin.com', 'admin'],
    ['user@domain.com', 'SuperSecret'],
  ],
  lockAfter: 3,
} satisfies Product as Product

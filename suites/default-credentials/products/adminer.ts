import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'adminer',
  name: 'Adminer',
  source: 'adminer.org; the Adminer image and the compose sample of MariaDB',
  marks: [{ path: '/', body: /<title>Login - Adminer<\/title>|name=['"]auth\[driver\]['"]/ }],
  doors: [
    {
      name: 'login form',
      request: {
        path: '/',
        form: { 'auth[driver]': 'server', 'auth[server]': '', 'auth[username]': '{username}', 'auth[password]': '{password}', 'auth[db]': '' },
      },
      follows: true,
      accepted: { status: [200], body: /name=['"]logout['"]/ },
      refused: { status: [200, 403], body: /Access denied|Invalid (?:server or )?credentials/i },
      proof: { path: '/?username=root', status: [200], body: /name=['"]logout['"]/ },
    },
  ],
  pairs: [['root', 'example']],
} satisfies Product as Product

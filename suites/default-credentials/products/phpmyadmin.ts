import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'phpmyadmin',
  name: 'phpMyAdmin',
  source: 'docs.phpmyadmin.net: authentication; the MariaDB image and its example passwords',
  marks: [{ path: '/', body: /<title>phpMyAdmin<\/title>|name="pma_username"/ }],
  doors: [
    {
      name: 'login form',
      before: { path: '/', find: /name="token"\s+value="([^"]*)"/ },
      request: { path: '/index.php', form: { pma_username: '{username}', pma_password: '{password}', server: '1', token: '{found}' } },
      accepted: { status: [302, 303] },
      refused: { status: [200], body: /Cannot log in to the|Access denied/i },
      proof: { path: '/index.php', status: [200], body: /route=\/logout|logout\.php/ },
    },
  ],
  pairs: [
    ['root', 'example'],
    ['root', 'root'],
  ],
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'wordpress',
  name: 'WordPress',
  source: 'developer.wordpress.org: installation',
  marks: [{ path: '/', body: /content="WordPress|\/wp-content\/|wp-admin\/install\.php|id="setup"[^>]{0,200}install\.php/ }],
  doors: [
    {
      name: 'login form',
      request: { path: '/wp-login.php', form: { log: '{username}', pwd: '{password}', 'wp-submit': 'Log In', testcookie: '1' } },
      accepted: { status: [302] },
      refused: { status: [200], body: /id="login_error"/ },
      proof: { path: '/wp-admin/profile.php', status: [200], body: /id="your-profile"/ },
    },
  ],
  firstRun: {
    unclaimed: { path: '/wp-admin/install.php', status: [200], body: /name="weblog_title"|id="language-continue"/ },
    claimed: { path: '/wp-admin/install.php', status: [200], body: /already installed/i },
  },
  registration: {
    open: { path: '/wp-login.php?action=register', status: [200], body: /id="registerform"/ },
    closed: { path: '/wp-login.php?action=register', body: /registration=disabled|not allowed|name="pwd"/ },
  },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'gitea',
  name: 'Gitea or Forgejo',
  source: 'docs.gitea.com: installation page, DISABLE_REGISTRATION',
  marks: [{ path: '/', body: /Powered by (?:Gitea|Forgejo)|content="(?:Gitea|Forgejo)/ }],
  doors: [
    {
      name: 'login form',
      before: { path: '/user/login', find: /name="_csrf"\s+(?:type="hidden"\s+)?value="([^"]*)"/ },
      request: { path: '/user/login', form: { _csrf: '{found}', user_name: '{username}', password: '{password}' } },
      accepted: { status: [302, 303] },
      refused: { status: [200, 401], body: /Username or password is incorrect/i },
      proof: { path: '/user/settings', status: [200], body: /name="full_name"|name="email"/ },
    },
  ],
  firstRun: {
    unclaimed: { path: '/', status: [200], body: /Initial Configuration|action="\/install"/ },
    claimed: { path: '/', status: [200], body: /\/user\/login/ },
  },
  registration: {
    open: { path: '/user/sign_up', status: [200], body: /name="retype"/, not: /Registration is disabled/i },
    closed: { path: '/user/sign_up', body: /Registration is disabled/i },
  },
} satisfies Product as Product

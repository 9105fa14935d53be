import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'n8n',
  name: 'n8n',
  source: 'docs.n8n.io: user management, set up the owner account; rest/settings of the editor',
  marks: [
    { path: '/', body: /<title>n8n(?:\.io)?(?: - Workflow Automation)?<\/title>/ },
    { path: '/rest/settings', status: [200], body: /"n8nMetadata"|"versionCli"|"showSetupOnFirstLoad"/ },
  ],
  doors: [
    {
      name: 'login form',
      request: { path: '/rest/login', json: { email: '{username}', emailOrLdapLoginId: '{username}', password: '{password}' } },
      accepted: { status: [200], body: /"email"/ },
      refused: { status: [401], body: /Wrong username or password/ },
      proof: { path: '/rest/login', status: [200], body: /"email"/ },
    },
  ],
  firstRun: {
    unclaimed: { path: '/rest/settings', status: [200], body: /"showSetupOnFirstLoad":\s*true/ },
    claimed: { path: '/rest/settings', status: [200], body: /"showSetupOnFirstLoad":\s*false/ },
  },
} satisfies Product as Product

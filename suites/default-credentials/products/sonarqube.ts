import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'sonarqube',
  name: 'SonarQube',
  source: 'docs.sonarsource.com: default credentials; web API',
  marks: [
    { path: '/', body: /<title>SonarQube/ },
    { path: '/api/system/status', status: [200], body: /"status":\s*"[A-Z_]+"[^]{0,400}"version"|"version"[^]{0,400}"status":\s*"[A-Z_]+"/ },
  ],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"isLoggedIn":\s*true/ },
      refused: { status: [401] },
      proof: { path: '/api/users/current', status: [200], body: /"isLoggedIn":\s*true/ },
    },
  ],
  pairs: [['admin', 'admin']],
} satisfies Product as Product

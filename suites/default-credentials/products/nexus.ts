import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'nexus',
  name: 'Nexus Repository',
  source: 'help.sonatype.com: default administrator; REST API',
  marks: [{ path: '/', body: /<title>(?:Sonatype )?Nexus Repository/ }],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"userId"/ },
      refused: { status: [401, 403] },
      proof: { path: '/service/rest/v1/security/users', status: [200], body: /"userId"/ },
    },
  ],
  pairs: [['admin', 'admin123']],
} satisfies Product as Product

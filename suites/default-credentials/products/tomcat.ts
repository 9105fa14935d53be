import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'tomcat',
  name: 'Apache Tomcat',
  source: 'tomcat.apache.org: manager how-to, the users of the commented sample',
  marks: [{ path: '/', body: /<title>Apache Tomcat\// }],
  doors: [
    {
      name: 'manager with basic authentication',
      accepted: { status: [200], body: /Tomcat Web Application Manager/ },
      refused: { status: [401, 403] },
      proof: { path: '/manager/html', status: [200], body: /Tomcat Web Application Manager/ },
    },
  ],
  pairs: [
    ['tomcat', 'tomcat'],
    ['admin', 'admin'],
  ],
  lockAfter: 5,
} satisfies Product as Product

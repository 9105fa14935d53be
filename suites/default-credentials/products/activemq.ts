import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'activemq',
  name: 'ActiveMQ',
  source: 'activemq.apache.org: web console, default account',
  marks: [
    { path: '/', body: /<title>(?:Apache )?ActiveMQ/ },
    { path: '/', status: [401], header: ['www-authenticate', /ActiveMQRealm/] },
  ],
  doors: [
    {
      name: 'console with basic authentication',
      accepted: { status: [200], body: /Broker/ },
      refused: { status: [401] },
      proof: { path: '/admin/', status: [200], body: /Broker/ },
    },
  ],
  pairs: [['admin', 'admin']],
} satisfies Product as Product

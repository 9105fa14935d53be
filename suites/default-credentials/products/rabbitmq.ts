import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'rabbitmq',
  name: 'RabbitMQ',
  source: 'rabbitmq.com/docs: access control, default user guest',
  marks: [{ path: '/', body: /<title>RabbitMQ Management<\/title>/ }],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"name":\s*"/ },
      refused: { status: [401], body: /not_authori[sz]ed|login failed/i },
      proof: { path: '/api/whoami', status: [200], body: /"name":\s*"/ },
    },
  ],
  pairs: [['guest', 'guest']],
} satisfies Product as Product

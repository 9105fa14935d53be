import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'minio',
  name: 'MinIO Console',
  source: 'min.io/docs: MINIO_ROOT_USER and its default; console API',
  marks: [{ path: '/', body: /<title>MinIO Console<\/title>/ }],
  doors: [
    {
      name: 'sign-in of the console',
      request: { path: '/api/v1/login', json: { accessKey: '{username}', secretKey: '{password}' } },
      accepted: { status: [200, 204], header: ['set-cookie', /token=/] },
      refused: { status: [400, 401, 403], body: /invalid|detailedMessage/i },
      proof: { path: '/api/v1/session', status: [200], body: /"status":\s*"ok"/ },
    },
  ],
  pairs: [['minioadmin', 'minioadmin']],
} satisfies Product as Product

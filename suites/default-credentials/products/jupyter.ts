import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'jupyter',
  name: 'Jupyter',
  source: 'jupyter-server.readthedocs.io: security, REST API, contents',
  marks: [{ path: '/', body: /<title>Jupyter[^<]*<\/title>|id="jupyter-config-data"/ }],
  open: { page: { path: '/api/contents', status: [200], body: /"type":\s*"directory"/ }, kept: { path: '/api/contents', status: [401, 403] } },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'ollama',
  name: 'Ollama',
  source: 'docs.ollama.com: API, list local models',
  marks: [{ path: '/', body: /^Ollama is running/ }],
  open: { page: { path: '/api/tags', status: [200], body: /"models":/ }, kept: { path: '/api/tags', status: [401, 403] } },
} satisfies Product as Product

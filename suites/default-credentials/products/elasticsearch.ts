import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'elasticsearch',
  name: 'Elasticsearch or OpenSearch',
  source: 'elastic.co/guide: minimal security; cat indices',
  marks: [
    { path: '/', body: /You Know, for Search|The OpenSearch Project/ },
    { path: '/', status: [401], body: /security_exception/ },
  ],
  open: { page: { path: '/_cat/indices?format=json', status: [200], body: /^\s*\[/ }, kept: { path: '/_cat/indices?format=json', status: [401, 403] } },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'couchdb',
  name: 'CouchDB',
  source: 'docs.couchdb.org: setup, admin party',
  marks: [{ path: '/', body: /"couchdb":\s*"Welcome"/ }],
  open: { page: { path: '/_all_dbs', status: [200], body: /^\s*\[/ }, kept: { path: '/_all_dbs', status: [401, 403] } },
} satisfies Product as Product

import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'airflow',
  name: 'Airflow',
  source: 'airflow.apache.org/docs: running in Docker, the account created there; REST API',
  marks: [
    { path: '/', body: /<title>(?:Sign In - )?(?:DAGs - )?Airflow<\/title>/ },
    { path: '/api/v1/health', status: [200], body: /"metadatabase"/ },
  ],
  doors: [
    {
      name: 'API with basic authentication',
      accepted: { status: [200], body: /"total_entries"/ },
      refused: { status: [401] },
      proof: { path: '/api/v1/connections', status: [200], body: /"total_entries"/ },
    },
  ],
  pairs: [['airflow', 'airflow']],
} satisfies Product as Product

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const service = (path: string, what: string, proof: Artefact['proof'], more: Partial<Artefact> = {}): Artefact => ({
  path,
  what,
  code: 'exposure.open-service',
  declarable: true,
  proof,
  ...more,
})

/** Services that know no login unless it is set up, as far as a proxy may have put them on a name. */
const ARTEFACTS: readonly Artefact[] = [
  service(
    '/_cat/indices?format=json',
    'Elasticsearch without login',
    by(/^\s*\[\s*(?:\]|\{[^\]]{0,2000}"index"\s*:[^\]]{0,2000}"docs\.count"\s*:)/, 'its list of indices'),
  ),
  service(
    '/version',
    'Docker Engine without login',
    json((value) => typeof value['ApiVersion'] === 'string' && typeof value['MinAPIVersion'] === 'string', 'its "ApiVersion"'),
  ),
  service(
    '/pods',
    'kubelet without login',
    json((value) => value['kind'] === 'PodList', 'its "PodList"', /"kind"\s*:\s*"PodList"/),
  ),
  service(
    '/api/rawdata',
    'Traefik without login',
    json((value) => isObject(value['routers']) && isObject(value['services']), 'its routers', [/"routers"\s*:\s*\{/, /"(?:entryPoints|rule)"\s*:/]),
  ),
  service(
    '/api/tags',
    'Ollama without login',
    json((value) => Array.isArray(value['models']) && JSON.stringify(value['models']).includes('"digest"'), 'its list of models', [
      /"models"\s*:\s*\[/,
      /"digest"\s*:/,
    ]),
  ),
  service(
    '/api/contents',
    'Jupyter without login',
    json((value) => value['type'] === 'directory' && 'writable' in value, 'its list of notebooks'),
  ),
  service('/_all_dbs', 'CouchDB without login', by(/^\s*\[(?:"[a-z0-9_$()+/-]+",?)*"_(?:users|replicator)"/, 'its list of databases')),
  service('/api/v1/status/config', 'Prometheus without login', by(/^\s*\{"status":"success","data":\{"yaml":/, 'its configuration')),
  service(
    '/v1/catalog/services',
    'Consul without login',
    json((value) => Array.isArray(value['consul']), 'its list of services'),
  ),
]

export default defineCheck({
  id: 'exposure/open-service',
  title: 'No service without login stands on the host',
  failureTitle: 'A service without login stands on the host',
  why: 'These services trust whoever reaches them: data, containers and models can be read, changed and deleted.',
  source: 'OWASP WSTG-CONF-05; ASVS 13.2.1',
  severity: 'critical',
  codes: {
    'exposure.open-service': {
      meaning: 'A service answers strangers as if they had a login.',
      fix: 'Put it behind forward authentication or take its route off the proxy; where it is meant, declare the path in exposure.publicPaths.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'open-service', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/version'),
})

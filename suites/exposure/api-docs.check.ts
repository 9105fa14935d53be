import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const DESCRIPTION = json(
  (value) => (typeof value['openapi'] === 'string' || typeof value['swagger'] === 'string') && typeof value['paths'] === 'object',
  'its version and paths',
  [/"(?:openapi|swagger)"\s*:\s*"\d/, /"(?:paths|components|definitions)"\s*:\s*\{/],
)
const PAGE = by(/SwaggerUIBundle\(|swagger-ui-bundle\.js|<redoc\s+spec-url=|redoc\.standalone\.js|Scalar\.createApiReference/, 'the program that shows it')
const item = (path: string, proof: Artefact['proof']): Artefact => ({ path, what: 'interface description', code: 'exposure.api-docs', declarable: true, proof })

const ARTEFACTS: readonly Artefact[] = [
  ...['/openapi.json', '/swagger.json', '/v3/api-docs'].map((path) => item(path, DESCRIPTION)),
  ...['/docs', '/redoc'].map((path) => ({ ...item(path, PAGE), html: true })),
]

export default defineCheck({
  id: 'exposure/api-docs',
  title: 'Interface descriptions are public only on purpose',
  failureTitle: 'An interface description is public',
  why: 'It lists every route with its parameters, those of administrators too.',
  source: 'ASVS 13.4.5; OWASP WSTG-CONF-05',
  severity: 'low',
  codes: {
    'exposure.api-docs': {
      meaning: 'The description of an interface is public and was not declared so.',
      fix: 'FastAPI: docs_url=None, redoc_url=None, openapi_url=None; or declare the path in exposure.publicPaths.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'api-docs', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/openapi.json'),
  covers: ['B43'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const ARTEFACTS: readonly Artefact[] = [
  ...['/graphql', '/api/graphql'].map(
    (path): Artefact => ({
      path,
      method: 'POST',
      headers: [['content-type', 'application/json']],
      body: '{"query":"{__schema{queryType{name}}}"}',
      what: 'GraphQL schema',
      code: 'exposure.graphql.introspection',
      declarable: true,
      proof: by(/^\s*\{[\s\S]*"__schema"\s*:\s*\{\s*"queryType"\s*:\s*\{/, 'the answer to an introspection query'),
    }),
  ),
  ...['/graphql', '/graphiql'].map(
    (path): Artefact => ({
      path,
      headers: [['accept', 'text/html']],
      what: 'GraphQL console',
      code: 'exposure.graphql.console',
      grade: 'warn',
      html: true,
      declarable: true,
      proof: by(
        /<title>\s*(?:GraphiQL|GraphQL Playground|Apollo (?:Server|Sandbox))[^<]*<\/title>|graphiql(?:\.min)?\.js|GraphQLPlayground\.init/i,
        'its title or script',
      ),
    }),
  ),
]

export default defineCheck({
  id: 'exposure/graphql',
  title: 'GraphQL does not describe itself to strangers',
  failureTitle: 'GraphQL describes itself to strangers',
  why: 'Introspection hands out the whole schema, with every query and mutation.',
  source: 'ASVS 4.3.2; OWASP WSTG-APIT-01',
  severity: 'medium',
  codes: {
    'exposure.graphql.introspection': {
      meaning: 'An introspection query is answered without login.',
      fix: 'Switch introspection off in production (Apollo: introspection: false), or declare the path in exposure.publicPaths.',
    },
    'exposure.graphql.console': { meaning: 'A console for GraphQL queries is served.', fix: 'Switch GraphiQL or Playground off in production.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'graphql', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/graphql'),
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { mediaType } from '../../helpers/headers.ts'
import { type Artefact, by, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const EVENTS: Artefact['proof'] = (text, seen) =>
  mediaType(seen.headers) === 'text/event-stream' && /^data:\s*(?:\{"(?:action|event|type)"|💓|\uD83D\uDC93)/m.test(text) ? 'its event stream' : undefined

const ARTEFACTS: readonly Artefact[] = [
  {
    path: '/@vite/client',
    what: 'development server of Vite',
    code: 'exposure.dev-mode',
    proof: by(/import\.meta\.hot|createHotContext|\[vite\] connect/, 'its client program'),
  },
  { path: '/__webpack_hmr', what: 'hot reload of webpack', code: 'exposure.dev-mode', readMs: 700, proof: EVENTS },
  { path: '/_next/webpack-hmr', what: 'hot reload of Next.js', code: 'exposure.dev-mode', readMs: 700, proof: EVENTS },
  {
    path: '/webpack-dev-server',
    what: 'development server of webpack',
    code: 'exposure.dev-mode',
    html: true,
    proof: by(/<h1>Assets Report:/i, 'its asset report'),
  },
]

export default defineCheck({
  id: 'exposure/dev-mode',
  title: 'No development server answers',
  failureTitle: 'A development server answers',
  why: 'Development servers serve sources, show errors in full and trust everybody; some run code on request.',
  source: 'ASVS 13.4.2',
  severity: 'high',
  codes: {
    'exposure.dev-mode': {
      meaning: 'A development server or hot reload answers in place of a production build.',
      fix: 'Build (vite build, next build) and serve the result; never publish the port of the development server.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'dev-mode', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/@vite/client'),
  covers: ['E44'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const NGINX = by(/^Active connections: \d+\s*\r?\nserver accepts handled requests/m, 'its counters')
const page = (path: string, what: string, proof: Artefact['proof']): Artefact => ({
  path,
  what,
  code: 'exposure.server-status',
  html: true,
  declarable: true,
  proof,
})

const ARTEFACTS: readonly Artefact[] = [
  page('/server-status', 'status page of Apache', by(/<h1>Apache Server Status for /i, 'its heading')),
  { ...page('/server-status?auto', 'status page of Apache', by(/^Total Accesses: \d+$/m, 'its counters')), html: false },
  page('/server-info', 'configuration page of Apache', by([/<title>Server Information<\/title>/i, /Apache/i], 'its title')),
  { ...page('/nginx_status', 'status page of nginx', NGINX), html: false },
  { ...page('/stub_status', 'status page of nginx', NGINX), html: false },
  { ...page('/status', 'status page of PHP-FPM', by(/^pool:\s+\S+\r?\nprocess manager:\s/m, 'its pool')), html: false },
  page('/haproxy?stats', 'status page of HAProxy', by(/<title>Statistics Report for HAProxy<\/title>/i, 'its title')),
]

export default defineCheck({
  id: 'exposure/server-status',
  title: 'No status page of a server is public',
  failureTitle: 'A status page of a server is public',
  why: 'It shows the requests of other visitors, with their addresses and the tokens in their URLs.',
  source: 'OWASP WSTG-CONF-05',
  severity: 'medium',
  codes: {
    'exposure.server-status': {
      meaning: 'The status page of Apache, nginx, PHP-FPM or HAProxy answers the public.',
      fix: 'Apache: Require local; nginx: allow 127.0.0.1; deny all; HAProxy: stats auth, or a frontend of its own; or listen on an inner port.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'server-status', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/server-status'),
})

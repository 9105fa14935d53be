import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, json, judgeSweep, magic, noHosts, sweepOf } from './shared.ts'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const PHP = by(/<title>(?:PHP [\d.]+ - )?phpinfo\(\)<\/title>|<h1 class="p">PHP Version/i, 'its title')
const data = (path: string, what: string, proof: Artefact['proof']): Artefact => ({ path, what, code: 'exposure.debug', proof })
const page = (path: string, what: string, proof: Artefact['proof']): Artefact => ({ ...data(path, what, proof), html: true })

const ARTEFACTS: readonly Artefact[] = [
  {
    path: '/actuator',
    what: 'list of management endpoints',
    code: 'exposure.debug.index',
    severity: 'high',
    declarable: true,
    proof: json((value) => isObject(value['_links']) && 'self' in (value['_links'] as object), 'its "_links"'),
  },
  data(
    '/actuator/env',
    'environment listing',
    json((value) => Array.isArray(value['propertySources']), 'its "propertySources"', /"propertySources"\s*:\s*\[/),
  ),
  { ...data('/actuator/heapdump', 'heap dump', magic('JAVA PROFILE 1.', 'its first bytes')), maxBodyBytes: 512, headers: [['range', 'bytes=0-511']] },
  page('/debug/pprof/', 'profiler', by(/profile\?debug=1|<title>\/debug\/pprof\/<\/title>/i, 'its list of profiles')),
  data(
    '/debug/vars',
    'list of process variables',
    json((value) => Array.isArray(value['cmdline']) && isObject(value['memstats']), 'its "cmdline" and "memstats"'),
  ),
  page('/_profiler', 'profiler of Symfony', by(/<title>[^<]{0,1000}Symfony Profiler[^<]{0,1000}<\/title>/i, 'its title')),
  page('/telescope', 'debug assistant of Laravel', by([/<title>[^<]{0,1000}Telescope[^<]{0,1000}<\/title>/i, /window\.Telescope\s*=/i], 'its script')),
  page('/console', 'console of Werkzeug', by(/EVALEX\s*=\s*true/, 'its EVALEX switch')),
  page('/phpinfo.php', 'phpinfo() page', PHP),
  page('/elmah.axd', 'error log of ELMAH', by(/<title>Error [Ll]og for [^<]*<\/title>|Powered by <a[^>]{0,500}>ELMAH/, 'its title')),
  page('/trace.axd', 'trace of ASP.NET', by(/<h1>Application Trace<\/h1>|<title>[^<]*trace\.axd/i, 'its heading')),
  data(
    '/_ignition/health-check',
    'debug page of Laravel',
    json((value) => 'can_execute_commands' in value, 'its "can_execute_commands"'),
  ),
  page('/rails/info/routes', 'list of routes of Rails', by([/<h2[^>]{0,200}>\s*Routes\s*<\/h2>/i, /Controller#Action/i], 'its table')),
]

export default defineCheck({
  id: 'exposure/actuator-debug',
  title: 'No debugging endpoint is public',
  failureTitle: 'A debugging endpoint is public',
  why: 'Heap dumps, environment listings and consoles hand over secrets or run code.',
  source: 'OWASP WSTG-CONF-05; ASVS 13.4.2',
  severity: 'critical',
  codes: {
    'exposure.debug': {
      meaning: 'A debugging or profiling endpoint answers the public.',
      fix: 'Switch debugging off in production, or bind it to an inner port; Spring: management.server.port, management.endpoints.web.exposure.include=health.',
    },
    'exposure.debug.index': {
      meaning: 'The list of management endpoints is public.',
      fix: 'Spring: management.endpoints.web.discovery.enabled=false, or bind management to an inner port.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'actuator-debug', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/actuator'),
  covers: ['B43'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const page = (path: string, what: string, pattern: RegExp): Artefact => ({
  path,
  what,
  code: 'exposure.default-page',
  html: true,
  proof: by(pattern, 'its text'),
})
const NGINX = /<h1>Welcome to (?:nginx|OpenResty)!<\/h1>/i
const APACHE = /<title>Apache2 \w+ Default Page|<html><body><h1>It works!<\/h1><\/body><\/html>|<title>(?:HTTP Server )?Test Page/i

const ARTEFACTS: readonly Artefact[] = [
  page(
    '/',
    'default page of a server',
    new RegExp(
      [NGINX.source, APACHE.source, '<title>Caddy works!</title>', '<title>IIS Windows Server</title>', '<title>Default Web Site Page</title>'].join('|'),
      'i',
    ),
  ),
  page('/index.nginx-debian.html', 'default page of nginx', NGINX),
  page('/index.html', 'default page of a server', new RegExp(`${NGINX.source}|${APACHE.source}`, 'i')),
  page('/iisstart.htm', 'default page of IIS', /<title>IIS Windows(?: Server)?<\/title>/i),
  page('/examples/servlets/', 'example programs of Tomcat', /<title>Servlets? Examples<\/title>/i),
]

export default defineCheck({
  id: 'exposure/default-page',
  title: 'No page of a fresh installation is left',
  failureTitle: 'A page of a fresh installation is served',
  why: 'It shows which server stands there and that nobody finished its set-up; at / it stands where the site should be.',
  source: 'OWASP WSTG-CONF-02; ASVS 13.4.7',
  severity: 'low',
  codes: {
    'exposure.default-page': {
      meaning: 'A default page or example of the server is served.',
      fix: 'Delete it from the document root; nginx: remove sites-enabled/default.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'default-page', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/index.nginx-debian.html'),
})

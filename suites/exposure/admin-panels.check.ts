import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import type { Host, Target } from '../../helpers/target.ts'
import { type Artefact, bears, curlOf, judgeSweep, type Mark, noHosts, sweepOf } from './shared.ts'

interface Panel {
  readonly path: string
  readonly product: string
  /** Known by this. */
  readonly mark: Mark
  /** What only the inside shows; without it the panel counts as standing behind its login. */
  readonly inside?: RegExp
}
const PANELS: readonly Panel[] = [
  { path: '/wp-login.php', product: 'WordPress', mark: /name="wp-submit"/ },
  { path: '/admin/login/', product: 'Django', mark: /<title>[^<]*\| Django site admin<\/title>/ },
  {
    path: '/phpmyadmin/',
    product: 'phpMyAdmin',
    mark: /<title>phpMyAdmin|pma_username|PMA_commonParams/,
    inside: /id="pma_navigation"|server_databases\.php|route=\/server\/databases/,
  },
  { path: '/adminer.php', product: 'Adminer', mark: /<title>[^<]*Adminer<\/title>/, inside: /name="logout"|&amp;select=/ },
  { path: '/manager/html', product: 'Tomcat', mark: /<title>\/manager<\/title>/, inside: /Tomcat Web Application Manager/ },
  {
    path: '/grafana/login',
    product: 'Grafana',
    mark: [/<title>Grafana<\/title>/, /grafanaBootData/],
    inside: /"isSignedIn":\s*true|"orgRole":\s*"(?:Viewer|Editor|Admin)"/,
  },
  { path: '/app/kibana', product: 'Kibana', mark: /<kbn-injected-metadata|<osd-injected-metadata/, inside: /<(?:kbn|osd)-injected-metadata/ },
  { path: '/_dashboards/app/home', product: 'OpenSearch', mark: /<osd-injected-metadata/, inside: /<osd-injected-metadata/ },
  { path: '/dashboard/', product: 'Traefik', mark: /<title>Traefik(?: Proxy)?<\/title>/, inside: /<title>Traefik(?: Proxy)?<\/title>/ },
  { path: '/solr/', product: 'Solr', mark: /<title>Solr Admin<\/title>/, inside: /<title>Solr Admin<\/title>/ },
  { path: '/pgadmin4/login', product: 'pgAdmin', mark: /<title>pgAdmin 4<\/title>/ },
  { path: '/graph', product: 'Prometheus', mark: /<title>Prometheus Time Series/, inside: /<title>Prometheus Time Series/ },
]

/** The host is there for this product: its own login is what it should show. */
const declared = (host: Host, product: string): boolean =>
  JSON.stringify([host.declared.title, host.declared.backend, host.declared.marker, host.name]).toLowerCase().includes(product.toLowerCase())

const artefactsOf = (host: Host, target: Target): readonly Artefact[] =>
  PANELS.map(
    ({ path, product, mark, inside }): Artefact => ({
      path,
      what: `administration of ${product}`,
      code: 'exposure.admin-panel.login',
      html: true,
      declarable: true,
      proof: (text) => {
        if (!bears(text, mark)) return undefined
        if (inside?.test(text) === true) return { shown: 'what is seen only inside it', severity: 'critical', grade: 'fail', code: 'exposure.admin-panel.open' }
        if (declared(host, product) || (target.file.exposure?.adminPaths ?? []).some((one) => path.startsWith(one))) return undefined
        return { shown: 'its login page', grade: 'warn' }
      },
    }),
  )

export default defineCheck({
  id: 'exposure/admin-panels',
  title: 'No administration of a known product stands open',
  failureTitle: 'The administration of a known product is reachable',
  why: 'Panels are found within hours and tried with every password list; one without login is everybody’s.',
  source: 'OWASP WSTG-CONF-05; ASVS 13.4.5',
  severity: 'medium',
  codes: {
    'exposure.admin-panel.open': {
      meaning: 'The panel is shown without login.',
      fix: 'Put it behind forward authentication or an allow-list; do not publish it.',
    },
    'exposure.admin-panel.login': {
      meaning: 'The login of a panel that the target does not declare is public.',
      fix: 'Put it behind forward authentication or an allow-list; where it is meant, declare it in exposure.adminPaths or publicPaths.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject, target) => ({ sweep: sweepOf(hostOf(subject), 'admin-panels', artefactsOf(hostOf(subject), target)) }),
  judge: ({ sweep }, { subject, target }) => judgeSweep(artefactsOf(hostOf(subject), target), sweep, target),
  reproduce: curlOf('/phpmyadmin/'),
})

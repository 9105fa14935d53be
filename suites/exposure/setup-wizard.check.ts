import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, either, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const CODE = 'exposure.setup-wizard'
const wizard = (path: string, product: string, proof: Artefact['proof'], html = false): Artefact => ({
  path,
  what: `set-up of ${product}`,
  code: CODE,
  proof,
  html,
})

const ARTEFACTS: readonly Artefact[] = [
  wizard('/wp-admin/install.php', 'WordPress', by([/<title>WordPress[^<]*Installation<\/title>/, /<form id="setup"/], 'its form'), true),
  wizard('/install', 'Gitea or Forgejo', by([/<title>Installation\b/, /name="db_type"/], 'its form'), true),
  // Newer ones have it at the root alone.
  wizard('/', 'Gitea or Forgejo', by([/<title>Installation\b/, /name="db_type"/], 'its form'), true),
  wizard('/install.html', 'AdGuard Home', by(/<title>Setup AdGuard Home<\/title>/, 'its title'), true),
  wizard(
    '/core/install.php',
    'Drupal',
    either(by(/<title>Choose language \| Drupal<\/title>/, 'its form'), by([/data-drupal-selector="edit-langcode"/, /install/], 'its form')),
    true,
  ),
  wizard('/installation/index.php', 'Joomla', by(/<title>Joomla[!]? (?:Web )?Install/i, 'its title'), true),
  wizard('/finish-installation/register', 'Discourse', by([/class="wizard"/, /finish-installation/], 'its form'), true),
  wizard(
    '/api/session/properties',
    'Metabase',
    json((value) => value['has-user-setup'] === false, '"has-user-setup" being false'),
  ),
  wizard('/rest/settings', 'n8n', by(/"showSetupOnFirstLoad"\s*:\s*true/, '"showSetupOnFirstLoad" being true')),
  wizard('/ghost/api/admin/authentication/setup/', 'Ghost', by(/^\s*\{"setup":\[\{"status":false/, 'its status being false')),
  wizard(
    '/Startup/Configuration',
    'Jellyfin',
    json((value) => 'UICulture' in value && 'MetadataCountryCode' in value, 'its first settings'),
  ),
  wizard(
    '/api/config',
    'Open WebUI',
    json((value) => value['onboarding'] === true, '"onboarding" being true'),
  ),
]

export default defineCheck({
  id: 'exposure/setup-wizard',
  title: 'No set-up waits for whoever comes first',
  failureTitle: 'A set-up waits for whoever comes first',
  why: 'An unfinished installation makes its first visitor the administrator; addresses of new certificates are tried within minutes.',
  source: 'OWASP WSTG-CONF-05',
  severity: 'critical',
  codes: {
    'exposure.setup-wizard': {
      meaning: 'The first-run set-up of a product is open.',
      fix: 'Finish it now, from an address that only you have; publish the host afterwards.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'setup-wizard', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/install'),
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, either, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const CODE = 'exposure.secrets-file'
const DATASOURCE = 'its "datasource:"'
const PRIVATE_KEY = by(/^-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED) )?PRIVATE KEY-----/m, 'the first line of a private key')
const WORDPRESS = by([/<\?php/, /define\(\s*['"]DB_PASSWORD['"]/], 'its source code')

const ARTEFACTS: readonly Artefact[] = [
  {
    path: '/.aws/credentials',
    what: 'file of cloud credentials',
    code: CODE,
    proof: by([/^\[[\w-]+\]\s*$/m, /^[^\S\r\n]*aws_access_key_id\s*=/m], 'a profile with a key id'),
  },
  { path: '/id_rsa', what: 'private key', code: CODE, proof: PRIVATE_KEY },
  { path: '/.ssh/id_rsa', what: 'private key', code: CODE, proof: PRIVATE_KEY },
  { path: '/.npmrc', what: 'registry token', code: CODE, proof: by(/^\/\/\S+:_(?:authToken|password|auth)\s*=/m, 'a line that sets a registry token') },
  {
    path: '/.docker/config.json',
    what: 'file of registry logins',
    code: CODE,
    proof: json((value) => typeof value['auths'] === 'object' && value['auths'] !== null, 'its "auths"'),
  },
  {
    path: '/.htpasswd',
    what: 'password file',
    code: CODE,
    proof: by(/^[^\s:<>]{1,64}:(?:\$(?:apr1|2[aby]|1|5|6|y|argon2\w*)\$|\{(?:S?SHA\d*|PLAIN)\}|[./0-9A-Za-z]{13}\s*$)/m, 'a user with a password hash'),
  },
  { path: '/wp-config.php.bak', what: 'copy of the WordPress configuration', code: CODE, proof: WORDPRESS },
  { path: '/wp-config.php~', what: 'copy of the WordPress configuration', code: CODE, proof: WORDPRESS },
  { path: '/.kube/config', what: 'cluster configuration', code: CODE, proof: by([/^clusters:\s*$/m, /^users:\s*$/m], 'its clusters and users') },
  {
    path: '/terraform.tfstate',
    what: 'state of Terraform',
    code: CODE,
    proof: by(/^\s*\{[\s\S]{0,400}"terraform_version"\s*:/, 'its "terraform_version"'),
  },
  {
    path: '/appsettings.json',
    what: 'application configuration',
    code: CODE,
    proof: json((value) => typeof value['ConnectionStrings'] === 'object', 'its "ConnectionStrings"', /"ConnectionStrings"\s*:\s*\{/),
  },
  {
    path: '/application.yml',
    what: 'application configuration',
    code: CODE,
    proof: either(by(/^[^\S\r\n]*datasource:\s*$/m, DATASOURCE), by([/^spring:/m, /datasource:\s*$/m], DATASOURCE)),
  },
]

export default defineCheck({
  id: 'exposure/secrets-files',
  title: 'No file of keys or passwords is served',
  failureTitle: 'A file of keys or passwords is served',
  why: 'Each of these files is a way in: a cloud account, a registry, a server, a database.',
  source: 'OWASP WSTG-CONF-04; ASVS 13.3.1',
  severity: 'critical',
  codes: {
    'exposure.secrets-file': {
      meaning: 'A file that holds keys or passwords can be downloaded.',
      fix: 'Take it out of the document root, replace what is in it, and serve only a build folder that holds nothing else.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'secrets-files', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/.aws/credentials'),
  covers: ['E31'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const CODE = 'exposure.build-file'
const LOCK = json((value) => 'lockfileVersion' in value, 'its "lockfileVersion"', /^[\s\S]{0,2000}"lockfileVersion"\s*:\s*\d/)
const file = (path: string, what: string, proof: Artefact['proof'], more: Partial<Artefact> = {}): Artefact => ({
  path,
  what,
  code: CODE,
  declarable: true,
  proof,
  ...more,
})
const hasDependencies = (value: Readonly<Record<string, unknown>>): boolean =>
  typeof value['dependencies'] === 'object' || typeof value['devDependencies'] === 'object'

const ARTEFACTS: readonly Artefact[] = [
  file('/package.json', 'package description', json(hasDependencies, 'its dependencies')),
  file('/package-lock.json', 'lock file', LOCK),
  file('/yarn.lock', 'lock file', by(/^# yarn lockfile v\d|^__metadata:\s*$/m, 'its first line')),
  file(
    '/composer.json',
    'package description',
    json((value) => typeof value['require'] === 'object', 'its requirements'),
  ),
  file(
    '/requirements.txt',
    'package list',
    by(/^(?:[A-Za-z][\w.-]{0,100}(?:\[[\w,-]{1,200}\])?\s{0,20}[=~<>!]=\s{0,20}\d[\w.]{0,50}\s{0,50}(?:#.*)?\r?\n?){2}/m, 'two pinned packages'),
  ),
  file('/Dockerfile', 'build file', by(/^(?:\s*(?:#|ARG )[^\n]*\n)*\s*FROM \S/, 'its FROM line')),
  file('/docker-compose.yml', 'compose file', by([/^services:\s*$/m, /^\s{1,50}(?:image|build):/m], 'its services')),
  file('/compose.yaml', 'compose file', by([/^services:\s*$/m, /^\s{1,50}(?:image|build):/m], 'its services')),
  file('/.gitlab-ci.yml', 'pipeline', by(/^\s{1,50}script:\s*$|^stages:\s*$/m, 'its stages or scripts')),
  file('/.github/workflows/deploy.yml', 'pipeline', by([/^on:/m, /^jobs:\s*$/m], 'its jobs')),
  file('/web.config', 'server configuration', by([/<configuration\b/i, /<\/?system\.web/i], 'its <configuration>')),
  file(
    '/.vscode/sftp.json',
    'upload settings',
    (text, seen) => {
      const found = json((value) => typeof value['host'] === 'string' && 'remotePath' in value, 'its host and path')(text, seen)
      if (found === undefined) return undefined
      return /"(?:password|passphrase)"\s*:\s*"[^"]/.test(text)
        ? { shown: 'its host, path and a password', severity: 'critical', code: 'exposure.build-file.password' }
        : found
    },
    { declarable: false },
  ),
]

export default defineCheck({
  id: 'exposure/build-files',
  title: 'No build or deployment file is served',
  failureTitle: 'A build or deployment file is served',
  why: 'It names every dependency with its version, the services behind the proxy and how they are reached.',
  source: 'OWASP WSTG-CONF-04; ASVS 13.4.7',
  severity: 'medium',
  codes: {
    'exposure.build-file': {
      meaning: 'A file of the build or the deployment can be downloaded.',
      fix: 'Serve a build folder that holds nothing else, or declare the path in exposure.publicPaths.',
    },
    'exposure.build-file.password': { meaning: 'Upload settings with a password can be downloaded.', fix: 'Delete the file and replace the password.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'build-files', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/docker-compose.yml'),
})

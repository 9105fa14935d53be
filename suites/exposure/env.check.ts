import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { envFile } from './artefacts.ts'
import { type Artefact, curlOf, judgeSweep, noHosts, sweepOf } from './shared.ts'

const ARTEFACTS: readonly Artefact[] = ['/.env', '/.env.local', '/.env.production', '/.env.bak', '/api/.env'].map(envFile)

export default defineCheck({
  id: 'exposure/env',
  title: 'No environment file is served',
  failureTitle: 'An environment file is served',
  why: 'It holds the passwords of the database, of mail and of every service in between.',
  source: 'OWASP WSTG-CONF-04; ASVS 13.3.1',
  severity: 'critical',
  codes: {
    'exposure.env': { meaning: 'An environment file can be downloaded.', fix: 'Keep it outside the document root; nginx: location ~ /\\. { return 404; }.' },
    'exposure.env.secret': {
      meaning: 'An environment file with secrets can be downloaded.',
      fix: 'Take it out of the document root and replace every secret in it: it has been read.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'env', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/.env'),
  covers: ['E31'],
})

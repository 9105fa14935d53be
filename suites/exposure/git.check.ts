import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { GIT_HEAD } from './artefacts.ts'
import { type Artefact, by, curlOf, judgeSweep, magic, noHosts, sweepOf } from './shared.ts'

const ARTEFACTS: readonly Artefact[] = [
  GIT_HEAD,
  {
    path: '/.git/config',
    what: 'Git configuration',
    code: 'exposure.git',
    proof: by([/^[^\S\r\n]*\[core\]\s*$/m, /repositoryformatversion/], 'its [core] section'),
  },
  { path: '/.git/index', what: 'Git index', code: 'exposure.git', maxBodyBytes: 4_096, proof: magic('DIRC', 'its first bytes') },
  { path: '/.svn/wc.db', what: 'Subversion working copy', code: 'exposure.git', maxBodyBytes: 4_096, proof: magic('SQLite format 3', 'its first bytes') },
  {
    path: '/.hg/requires',
    what: 'Mercurial repository',
    code: 'exposure.git',
    proof: by(/^(?:revlogv1|store|fncache|dotencode|generaldelta)$/m, 'its format names'),
  },
]

export default defineCheck({
  id: 'exposure/git',
  title: 'No repository is served',
  failureTitle: 'A repository is served',
  why: 'From /.git the whole source and its history, with every secret ever committed, can be downloaded.',
  source: 'OWASP WSTG-CONF-04; ASVS 13.4.1',
  severity: 'critical',
  codes: {
    'exposure.git': {
      meaning: 'Files of a version control system can be downloaded.',
      fix: 'Deploy without .git; nginx: location ~ /\\.(?!well-known) { return 404; }. Replace every secret in the history.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'git', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/.git/HEAD'),
  covers: ['E31'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { folders } from '../../helpers/probes/scripts.ts'
import { type Artefact, curlOf, judgeSweep, noHosts } from './shared.ts'

const FOLDERS = ['/', '/uploads/', '/static/', '/backup/', '/backups/', '/files/']
const LISTINGS: readonly (readonly [pattern: RegExp, shown: string])[] = [
  [/<title>\s*Index of \/[^<]*<\/title>[\s\S]*(?:Parent Directory|\?C=N;O=|<pre><a href="\.\.\/">)/i, 'the title and links of an index by Apache or nginx'],
  [/<h1>Index of \/[^<]*<\/h1><hr><pre><a href="\.\.\/">/i, 'an index by nginx'],
  [/<title>\s*Directory listing for \//i, 'an index by Python'],
  [/<title>[^<]*<\/title>[\s\S]*<a href="[^"]*" class="icon icon-directory"[\s\S]*<ul id="files"/i, 'an index by serve-index'],
  [/<tr class="file">[\s\S]{0,4000}(?:#folder|icon-tabler)/i, 'an index by Caddy'],
  [/<ListBucketResult\b[\s\S]*<Key>/, 'a bucket listing'],
  [/<EnumerationResults\b[\s\S]*<Blobs?>/, 'a container listing'],
]
const proof: Artefact['proof'] = (text) => LISTINGS.find(([pattern]) => pattern.test(text))?.[1]

export default defineCheck({
  id: 'exposure/directory-listing',
  title: 'No folder lists its files',
  failureTitle: 'A folder lists its files',
  why: 'A listing makes every file findable: uploads of others, backups, copies that nobody links to.',
  source: 'ASVS 13.4.3; OWASP WSTG-CONF-04',
  severity: 'medium',
  codes: {
    'exposure.directory-listing': {
      meaning: 'A folder without an index page shows the names of its files.',
      fix: 'nginx: autoindex off; Apache: Options -Indexes; Caddy: file_server without browse. Declare it in exposure.publicPaths where it is meant.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: folders(hostOf(subject), FOLDERS) }),
  judge: ({ sweep }, { target }) =>
    judgeSweep(
      sweep.answers.map(({ path }): Artefact => ({ path, what: 'list of files', code: 'exposure.directory-listing', html: true, declarable: true, proof })),
      sweep,
      target,
    ),
  reproduce: curlOf('/uploads/'),
})

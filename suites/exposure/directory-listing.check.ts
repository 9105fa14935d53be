import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { folders } from '../../helpers/probes/scripts.ts'
import { type Artefact, bears, curlOf, judgeSweep, type Mark, noHosts } from './shared.ts'

const FOLDERS = ['/', '/uploads/', '/static/', '/backup/', '/backups/', '/files/']
const INDEX = /<title>\s*Index of \/[^<]*<\/title>/i
const LISTINGS: readonly (readonly [mark: Mark, shown: string])[] = [
  [[INDEX, /Parent Directory|\?C=N;O=|<pre><a href="\.\.\/">/i], 'the title and links of an index by Apache or nginx'],
  [/<h1>Index of \/[^<]*<\/h1><hr><pre><a href="\.\.\/">/i, 'an index by nginx'],
  [/<title>\s*Directory listing for \//i, 'an index by Python'],
  [[/<title>[^<]*<\/title>/i, /<a href="[^"]*" class="icon icon-directory"/i, /<ul id="files"/i], 'an index by serve-index'],
  [/<tr class="file">[\s\S]{0,4000}(?:#folder|icon-tabler)/i, 'an index by Caddy'],
  [/<div class="entry">[\s\S]{0,2000}#(?:folder|file)\b|<meta name="generator" content="Caddy/i, 'an index by Caddy'],
  [[INDEX, /<div class="list">/i], 'an index by lighttpd'],
  [[INDEX, /<ul>\s*<li><a href=|<i class="icon icon-|<a href="\.\.\/"/i], 'the title and links of an index'],
  [[/<title>[^<]{0,1000} - \/[^<]*<\/title>/i, /<pre><A HREF="[^"]*">\[To Parent Directory\]/i], 'an index by IIS'],
  [/<title>\s*Directory(?: Listing For \[?|: )\/[^<]*<\/title>/i, 'an index by Tomcat or Jetty'],
  [/<title>\s*Files within [^<]*<\/title>/i, 'an index by serve'],
  [/^\s*(?:<!doctype html>\s*(?:<meta [^>]*>\s*)*)?<pre>\n(?:<a href="[^"]*">[^<]*<\/a>\n)+<\/pre>\s*$/i, 'an index by a file server in Go'],
  [/^\s*\[\s*\{\s*"name":\s*"[^"]*",\s*"type":\s*"(?:file|directory)",\s*"mtime":/, 'an index by nginx, as JSON'],
  [[/<ListBucketResult\b/, /<Key>/], 'a bucket listing'],
  [[/<EnumerationResults\b/, /<Blobs?>/], 'a container listing'],
]
const proof: Artefact['proof'] = (text) => LISTINGS.find(([mark]) => bears(text, mark))?.[1]

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

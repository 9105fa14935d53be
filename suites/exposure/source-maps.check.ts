import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { type OwnScript, ownScripts } from '../../helpers/probes/scripts.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { findSecrets } from './secrets.ts'
import { curlOf, evidenceOf, failureOf, isBlocked, isDeclaredPublic, isSuccess, looksLikeHtml, noHosts, shownOf } from './shared.ts'

/** ECMA-426: version 3, sources and mappings; a map cut at the cap is known by its beginning. */
const isMap = (text: string): boolean =>
  /^(?:\)\]\}'?[^\n]*\n)?\s*\{/.test(text) &&
  /"version"\s*:\s*3\b/.test(text) &&
  /"sources"\s*:\s*\[/.test(text) &&
  /"(?:mappings|sourcesContent|names|sections)"\s*:/.test(text)
const hasSources = (text: string): boolean => /"sourcesContent"\s*:\s*\[\s*(?:null\s*,\s*)*"[^"]/.test(text)

/** Text and source of a map that was really served. */
function mapText(map: NonNullable<OwnScript['map']>): string | undefined {
  if (map.inline !== undefined) return map.inline
  if (map.seen?.ok !== true || !isSuccess(map.seen.value) || looksLikeHtml(map.seen.value)) return undefined
  return bodyText(map.seen.value)
}

export default defineCheck({
  id: 'exposure/source-maps',
  title: 'Source maps are public only on purpose',
  failureTitle: 'Source maps are public',
  why: 'A map with its sources is the program as its authors wrote it, comments, routes and all.',
  source: 'ECMA-426; OWASP WSTG-INFO-05',
  severity: 'medium',
  codes: {
    'exposure.source-map': {
      meaning: 'A source map with the original sources can be downloaded.',
      fix: 'Build without maps (Vite: build.sourcemap false or "hidden" and do not upload them); declare exposure.openSource where the sources are public anyway.',
    },
    'exposure.source-map.names': { meaning: 'A source map without sources can be downloaded; it names files and functions.', fix: 'Do not upload *.map.' },
    'exposure.source-map.secret': { meaning: 'A public source map holds a secret.', fix: 'Revoke the secret, take the map away.' },
  },
  options: {},
  subjects: eachHost((host) => host.kind !== 'redirect' && host.kind !== 'api'),
  unless: noHosts,
  needs: (subject) => ({ seen: ownScripts(hostOf(subject)) }),
  judge: ({ seen }, { target }) => {
    const { document } = seen.page
    if (isBlocked(document)) return inconclusive('unobserved', 'an obstacle answered instead of the document', evidenceOf(document, 'the document of the host'))
    const findings: Finding[] = []
    const blind: string[] = []
    const open = target.file.exposure?.openSource === true
    for (const { url, seen: script, map } of seen.scripts) {
      if (!script.ok || script.value.status !== 200 || map === undefined) {
        if (!script.ok || isBlocked(script.value)) blind.push(`${url}: ${failureOf(script)}`)
        continue
      }
      if (map.seen !== undefined && (!map.seen.ok || isBlocked(map.seen.value))) {
        blind.push(`${map.url}: ${map.seen.ok ? shownOf(map.seen.value) : failureOf(map.seen)}`)
        continue
      }
      const text = mapText(map)
      const at = map.seen?.ok === true ? map.seen.value : script.value
      const what = map.inline === undefined ? `map ${map.url}` : `map inside ${url}`
      if (text === undefined || !isMap(text)) {
        findings.push({ grade: 'pass', evidence: evidenceOf(at, 'no source map', map.seen === undefined ? 'not on a host of the target' : shownOf(at), what) })
        continue
      }
      const secrets = findSecrets(text)
      if (secrets.length > 0) {
        findings.push({
          grade: 'fail',
          code: 'exposure.source-map.secret',
          severity: 'critical',
          evidence: evidenceOf(at, 'no secret', `${secrets.map((one) => one.what).join(', ')} (not shown)`, what),
        })
        continue
      }
      const full = hasSources(text)
      const path = map.url.replace(/^https?:\/\/[^/]+/, '')
      if (open || isDeclaredPublic(target, path)) {
        findings.push({ grade: 'pass', evidence: evidenceOf(at, 'public, as the target says', `${shownOf(at)}: a source map`, what) })
        continue
      }
      findings.push({
        grade: full ? 'fail' : 'warn',
        code: full ? 'exposure.source-map' : 'exposure.source-map.names',
        ...(full ? {} : { severity: 'low' as const }),
        evidence: evidenceOf(at, 'no source map', `${shownOf(at)}: a source map ${full ? 'with' : 'without'} its sources`, what),
      })
    }
    if (findings.some((one) => one.grade !== 'pass')) return worst(findings)
    if (blind.length > 0) return inconclusive('unobserved', `own scripts or maps could not be read: ${blind.slice(0, 3).join('; ')}`)
    if (seen.cut)
      return inconclusive(
        'unobserved',
        'the document names more of its own scripts than are read',
        evidenceOf(document, 'every script looked at', `${seen.scripts.length} looked at`),
      )
    if (findings.length === 0)
      findings.push({
        grade: 'pass',
        evidence: evidenceOf(document, 'no source map', `the document names no script of its own (${seen.page.references.length} references)`),
      })
    return worst(findings)
  },
  reproduce: curlOf('/'),
  covers: ['E44'],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText } from '../../helpers/headers.ts'
import { attempt } from '../../helpers/probe.ts'
import { provoked } from '../../helpers/probes/provoked.ts'
import { ownScripts } from '../../helpers/probes/scripts.ts'
import { curlForSeen } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { evidenceOf, isBlocked, noHosts, shownOf } from './shared.ts'
import { internalName } from './traces.ts'

const URL_IN_TEXT = /["'`](?:https?|wss?):\/\/([^\s"'`<>\\/]{1,200})/g
const MOST_COMMENT = 4_000
/** What stands in the comments of a document; what is longer is no comment but text that was taken out. */
function commentsOf(html: string): readonly string[] {
  const comments: string[] = []
  let close = -1
  for (let open = html.indexOf('<!--'); open !== -1; ) {
    const from = open + 4
    if (close < from) close = html.indexOf('-->', from)
    if (close === -1) break
    const short = close - from <= MOST_COMMENT
    if (short) comments.push(html.slice(from, close))
    open = html.indexOf('<!--', short ? close + 3 : from)
  }
  return comments
}

/**
 * Where a name can only be a leak: error answers, addresses that the page loads from, comments, and addresses in scripts. The running text of a
 * document is left alone: manuals speak of 192.168.1.1.
 */
export default defineCheck({
  id: 'exposure/internal-names',
  title: 'Pages name nothing internal',
  failureTitle: 'Pages name something internal',
  why: 'Private addresses and container names draw the plan of the inside; a page that loads from one is broken for every visitor.',
  source: 'OWASP WSTG-INFO-05; RFC 1918',
  severity: 'medium',
  codes: {
    'exposure.internal.error': {
      meaning: 'An error answer names a private address, an internal name or a backend.',
      fix: 'Answer errors with a code; write the address to the log.',
    },
    'exposure.internal.reference': {
      meaning: 'The page loads from, or sends to, an address that exists only inside.',
      fix: 'Build with the public URL of the interface; let the application trust X-Forwarded-Host and -Proto.',
    },
    'exposure.internal.text': { meaning: 'A comment or a script names a private address, an internal name or a backend.', fix: 'Take it out of the build.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ errors: provoked(hostOf(subject)), scripts: attempt(ownScripts(hostOf(subject))) }),
  judge: ({ errors, scripts }, { target }) => {
    const backends = target.hosts
      .flatMap((host) => [host.declared.backend, ...Object.values(host.declared.paths ?? {}).map((one) => one.backend)])
      .filter((one) => one !== undefined)
    const findings: Finding[] = []
    let judged = 0
    for (const { seen } of [{ seen: errors.missing }, ...errors.provocations]) {
      if (!seen.ok || isBlocked(seen.value) || seen.value.status < 400) continue
      judged += 1
      const inside = internalName(bodyText(seen.value), backends)
      const what = `${seen.value.method} ${seen.value.url.slice(0, 120)}`
      findings.push(
        inside === undefined
          ? { grade: 'pass', evidence: evidenceOf(seen.value, 'nothing internal', shownOf(seen.value), what) }
          : { grade: 'fail', code: 'exposure.internal.error', evidence: evidenceOf(seen.value, 'nothing internal', inside, what) },
      )
    }
    if (scripts.ok && !isBlocked(scripts.value.page.document)) {
      const { document, references, html } = scripts.value.page
      judged += 1
      for (const { url, tag, attribute } of references) {
        const place = url === undefined ? undefined : /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1]
        const inside = place === undefined ? undefined : internalName(place, backends)
        if (inside !== undefined)
          findings.push({
            grade: 'fail',
            code: 'exposure.internal.reference',
            evidence: evidenceOf(document, 'only public addresses', inside, `${tag} ${attribute} of ${document.url}`),
          })
      }
      const comments = html ? commentsOf(bodyText(document)).join('\n') : ''
      const spoken = internalName(comments, backends)
      if (spoken !== undefined)
        findings.push({
          grade: 'warn',
          code: 'exposure.internal.text',
          evidence: evidenceOf(document, 'nothing internal', spoken, `a comment of ${document.url}`),
        })
      for (const { url, seen } of scripts.value.scripts) {
        if (!seen.ok || seen.value.status !== 200) continue
        const places = [...bodyText(seen.value).matchAll(URL_IN_TEXT)].map((one) => one[1] ?? '')
        const inside = places.map((place) => internalName(place, backends)).find((one) => one !== undefined)
        if (inside !== undefined)
          findings.push({ grade: 'warn', code: 'exposure.internal.text', evidence: evidenceOf(seen.value, 'nothing internal', inside, `an address in ${url}`) })
      }
      findings.push({
        grade: 'pass',
        evidence: evidenceOf(
          document,
          'nothing internal',
          `${references.length} references, ${comments.length} characters of comments, ${scripts.value.scripts.length} scripts read`,
        ),
      })
    }
    if (judged === 0) return inconclusive('unobserved', 'neither a document nor an error of the host itself could be judged')
    return worst(findings)
  },
  reproduce: (subject, target, evidence) => curlForSeen(target, `https://${subject.name}/postproof-3f9c0d1e`, evidence, { flags: ['-sS', '-i'] }),
})

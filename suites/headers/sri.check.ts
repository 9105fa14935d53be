import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { readIntegrity } from '../../helpers/grammar/subresource-integrity.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { wholePage } from './probes.ts'
import { curlDocument, evidenceOf, noPages, pageOr, showsPages } from './shared.ts'

export default defineCheck({
  id: 'headers/sri',
  title: 'Scripts and styles of strangers are held to a hash',
  failureTitle: 'Scripts or styles of strangers run unchecked, or their hash does not work',
  why: 'Whoever takes over the other host, or its storage, runs code on every page that loads from it.',
  source: 'Subresource Integrity §3; ASVS 3.6.1; MDN HTTP Observatory',
  severity: 'medium',
  codes: {
    'headers.sri.missing': {
      meaning: 'A script or style of another site has no integrity attribute.',
      fix: 'Serve it yourself, or add integrity="sha384-…" crossorigin.',
    },
    'headers.sri.insecure': {
      meaning: 'A script or style of another site is loaded over plain http.',
      fix: 'Serve it yourself, or over https with integrity.',
    },
    'headers.sri.useless': {
      meaning: 'The integrity attribute holds no hash that browsers know or that could match.',
      fix: 'Use sha384 of the exact file (openssl dgst -sha384 -binary | base64).',
    },
    'headers.sri.crossorigin': { meaning: 'integrity without crossorigin on a file of another site: browsers block it.', fix: 'Add crossorigin="anonymous".' },
  },
  options: {
    /** Scripts of these change from day to day and cannot have a hash; their makers say so. */
    changing: [
      'js.stripe.com',
      'maps.googleapis.com',
      'www.googletagmanager.com',
      'www.google.com',
      'www.gstatic.com',
      'challenges.cloudflare.com',
      'js.hcaptcha.com',
      'fonts.googleapis.com',
    ],
  },
  subjects: eachHost(showsPages),
  unless: noPages,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)), page: wholePage(hostOf(subject)) }),
  judge: ({ chain, page }, { subject, target, options }) => {
    const basis = pageOr(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    const origin = new URL(seen.url).origin
    // Hosts of the target are signed off with it; only what others serve is a stranger's.
    const own = new Set(target.hosts.map((host) => host.fqdn))
    const findings: Finding[] = []
    for (const reference of page.references) {
      if (!(reference.tag === 'script' && reference.attribute === 'src') && !(reference.tag === 'link' && reference.rel.includes('stylesheet'))) continue
      if (reference.url === undefined || !/^https?:/.test(reference.url)) continue
      const url = new URL(reference.url)
      const foreign = url.origin !== origin
      const evidence = evidenceOf(
        seen,
        `${reference.tag} ${url.origin}${url.pathname}`,
        foreign ? 'integrity and crossorigin' : 'a hash that can match, if any',
        `integrity ${reference.integrity ?? 'absent'}, crossorigin ${reference.crossorigin === undefined ? 'absent' : 'present'}`,
      )
      const hashes = reference.integrity === undefined ? undefined : readIntegrity(reference.integrity).hashes
      if (hashes?.every((hash) => !hash.wellFormed) === true) findings.push({ grade: 'fail', code: 'headers.sri.useless', evidence })
      else if (foreign && url.protocol === 'http:' && !own.has(url.hostname))
        findings.push({ grade: 'fail', code: 'headers.sri.insecure', evidence, severity: 'high' })
      else if (foreign && hashes !== undefined && reference.crossorigin === undefined)
        findings.push({ grade: 'fail', code: 'headers.sri.crossorigin', evidence })
      else if (foreign && hashes === undefined && !own.has(url.hostname)) {
        if (options.changing.includes(url.hostname))
          findings.push({ grade: 'pass', evidence: { ...evidence, received: `${evidence.received}; it changes too often for a hash` } })
        else findings.push({ grade: 'warn', code: 'headers.sri.missing', evidence })
      }
    }
    const scripts = page.references.filter(({ tag, rel }) => tag === 'script' || rel.includes('stylesheet')).length
    const evidence = evidenceOf(seen, 'scripts and styles', 'those of strangers held to a hash', `${scripts} read`)
    if (page.cut && !findings.some(({ grade }) => grade === 'fail')) return inconclusive('unobserved', 'the page is too large to be read to its end', evidence)
    findings.push({ grade: 'pass', evidence })
    return worst(findings)
  },
  reproduce: curlDocument,
  covers: [],
})

import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { isAddress, isLoopback, isPrivateAddress } from '../../helpers/grammar/address.ts'
import { bodyText, headerValue, isHtml } from '../../helpers/headers.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { curlHttps, evidenceOf, noHosts } from './shared.ts'

/** A name of the outside may well begin with digits: 10.example.net is no address. */
const internal = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, '')
  if (isAddress(bare)) return isLoopback(bare) || isPrivateAddress(bare)
  return !host.includes('.') || /\.(?:local|localhost|internal|intranet|docker|svc|lan|home|corp)$/.test(host)
}
/** Absolute links by which a document names itself: the application builds them from the Host it was given. */
const SELF = /<(?:base|form|link|meta)\b[^<>]{0,500}?(?:href|action|content)\s*=\s*["'](https?:\/\/[^"'\s<>]{1,300})/gi

export default defineCheck({
  id: 'routing/host-header',
  title: 'The application knows its public name',
  failureTitle: 'The application believes in an inner name',
  why: 'Without the Host header forwarded, redirects, form targets and mails point to a container name that nobody can reach.',
  source: 'nginx proxy_set_header Host; RFC 9110 §7.2',
  severity: 'high',
  codes: {
    'routing.host-header.redirect': {
      meaning: 'A redirect names an inner host.',
      fix: 'nginx: proxy_set_header Host $host; or set the public URL in the application.',
    },
    'routing.host-header.link': {
      meaning: 'The document names itself by an inner host.',
      fix: 'Set the public URL in the application, and forward Host and X-Forwarded-Proto.',
    },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ document: documentOf(hostOf(subject)) }),
  judge: ({ document }, { target }) => {
    // A deployment that lives on a name of the house (app.lan) may of course say so.
    const inner = (host: string): boolean => internal(host) && host !== target.domain && !host.endsWith(`.${target.domain}`)
    const findings: Finding[] = []
    for (const hop of document.hops) {
      const location = headerValue(hop.headers, 'location')
      if (location !== undefined && URL.canParse(location, hop.url)) {
        const { hostname } = new URL(location, hop.url)
        const evidence = evidenceOf(hop, 'a public name', location, `Location of ${hop.url}`)
        findings.push(inner(hostname) ? { grade: 'fail', code: 'routing.host-header.redirect', evidence } : { grade: 'pass', evidence })
      }
      if (!isHtml(hop)) continue
      const links = [...bodyText(hop).slice(0, 131_072).matchAll(SELF)].slice(0, 100).flatMap((match) => match[1] ?? [])
      const bad = links.find((link) => URL.canParse(link) && inner(new URL(link).hostname))
      const evidence = evidenceOf(hop, 'no inner name in base, form, link or meta', bad ?? `${links.length} absolute links, all public`, `links of ${hop.url}`)
      findings.push(bad === undefined ? { grade: 'pass', evidence } : { grade: 'fail', code: 'routing.host-header.link', evidence })
    }
    const last = document.hops.at(-1)
    if (last === undefined) return inconclusive('defect', 'the chain has no hop')
    if (findings.length === 0)
      findings.push({
        grade: 'pass',
        evidence: evidenceOf(last, 'no inner name in redirects or pages', `status ${last.status}, neither a redirect nor a page`),
      })
    return worst(findings)
  },
  reproduce: curlHttps(),
  covers: ['A4'],
})

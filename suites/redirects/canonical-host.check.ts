import { defineCheck } from '../../helpers/check.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { tlsHandshake } from '../../helpers/probes/tls.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'
import { isRedirect, locationOf, obstacle } from './shared.ts'

/** Codes that say of a name that it has no address, as opposed to a resolver that is silent. */
const NO_NAME = new Set(['ENOTFOUND', 'NXDOMAIN', 'NODATA', 'ENODATA'])

export default defineCheck({
  id: 'redirects/canonical-host',
  title: 'Domain and www lead to the one canonical name',
  failureTitle: 'Domain and www do not lead to the one canonical name',
  why: 'Two names with the same content split cookies, caches and search results; one that is dead loses the visitors who type it.',
  source: 'hstspreload.org www rule; redirects.canonical of the target',
  severity: 'medium',
  codes: {
    'redirects.canonical.other': {
      meaning: 'A name ends on another host than the declared canonical one.',
      fix: 'Redirect the other name permanently to the canonical one.',
    },
    'redirects.canonical.both': {
      meaning: 'Both names answer with their own content.',
      fix: 'Choose one, redirect the other; or declare redirects.canonical: both.',
    },
    'redirects.canonical.dead': {
      meaning: 'One of the two names refuses or breaks off https.',
      fix: 'Serve the name on port 443 and redirect it.',
    },
    'redirects.canonical.no-name': {
      meaning: 'One of the two names has no address.',
      fix: 'Give it a DNS record and a certificate, and redirect it.',
    },
    'redirects.canonical.certificate': {
      meaning: 'One of the two names is served with a certificate that browsers refuse, so its redirect is never seen.',
      fix: 'Put both names into the certificate.',
    },
  },
  options: {},
  subjects: (target) => {
    const declared = ['@', 'www'].every((name) => target.hosts.some((host) => host.name === name))
    const apex = target.hosts.find((host) => host.name === '@')
    return declared || target.file.redirects?.canonical !== undefined ? [{ name: target.domain, ...(apex === undefined ? {} : { host: apex }) }] : []
  },
  unless: { skip: 'not-declared', reason: 'redirects.canonical is not declared, nor both @ and www' },
  needs: (_subject, target) => ({
    apex: attempt(httpChain(`https://${target.domain}/`)),
    www: attempt(httpChain(`https://www.${target.domain}/`)),
    apexTls: attempt(tlsHandshake({ host: target.domain })),
    wwwTls: attempt(tlsHandshake({ host: `www.${target.domain}` })),
  }),
  judge: ({ apex, www, apexTls, wwwTls }, { target }) => {
    const wanted = target.file.redirects?.canonical
    const names = { apex: target.domain, www: `www.${target.domain}` }
    const expected = wanted === 'both' ? 'both answer' : wanted === undefined ? 'one name' : names[wanted]
    if (!apex.ok && !www.ok) return inconclusive('unobserved', `neither ${names.apex} nor ${names.www} answered`)
    const ends = [
      { name: names.apex, seen: apex, tls: apexTls },
      { name: names.www, seen: www, tls: wwwTls },
    ].map(({ name, seen, tls }) => {
      const last = seen.ok ? seen.value.hops.at(-1) : undefined
      const failure = seen.ok ? undefined : seen.failure
      const received = last === undefined ? `no answer (${failure?.code ?? 'no hop'})` : `${last.status} ${last.url}`
      const leaf = tls.ok ? tls.value.chain[0] : undefined
      // Names that are hosts of the target have their certificate judged by the tls suite.
      const certified =
        !tls.ok || target.hosts.some((host) => host.fqdn === name) || (tls.value.authorized && leaf !== undefined && matchServerName(name, leaf).matches)
      return { last, failure, certified, evidence: { what: `https://${name}/`, expected, received: certified ? received : `${received}, bad certificate` } }
    })
    const evidence = ends.map((end) => end.evidence)
    const silent = ends.find(({ failure }) => failure !== undefined)?.failure
    if (silent !== undefined) {
      if (NO_NAME.has(silent.code)) return warn('redirects.canonical.no-name', evidence)
      const refused = (silent.phase === 'connect' && silent.code === 'ECONNREFUSED') || silent.code.startsWith('ALERT_') || silent.code.startsWith('ERR_SSL_')
      return refused ? fail('redirects.canonical.dead', evidence) : inconclusive('unobserved', `${silent.phase}: ${silent.message} (${silent.code})`, evidence)
    }
    if (ends.some(({ certified }) => !certified)) return fail('redirects.canonical.certificate', evidence, 'high')
    for (const { last } of ends) {
      const blocked = last === undefined ? undefined : obstacle(last)
      if (blocked !== undefined) return blocked
    }
    const hosts = ends.map(({ last }) => (last === undefined ? '' : new URL(last.url).hostname))
    if (wanted === 'both') return pass(evidence)
    if (wanted !== undefined) return hosts.every((host) => host === names[wanted]) ? pass(evidence) : fail('redirects.canonical.other', evidence)
    // Both may leave for the same other site; that is one name too.
    const leaving = ends.map(({ last }) => (last === undefined || !isRedirect(last) ? undefined : locationOf(last)?.hostname))
    return hosts[0] === hosts[1] || (leaving[0] !== undefined && leaving[0] === leaving[1])
      ? pass(evidence)
      : warn('redirects.canonical.both', evidence, 'info')
  },
  reproduce: (_subject, target) => `${curlFor(target, `https://${target.domain}/`)}; ${curlFor(target, `https://www.${target.domain}/`)}`,
})

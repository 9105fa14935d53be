import { defineCheck } from '../../helpers/check.ts'
import { attempt } from '../../helpers/probe.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass, warn } from '../../helpers/verdict.ts'

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
      meaning: 'One of the two names does not answer over https.',
      fix: 'Give it a DNS record and a certificate, and redirect it.',
    },
  },
  options: {},
  subjects: (target) => {
    const declared = ['@', 'www'].every((name) => target.hosts.some((host) => host.name === name))
    const apex = target.hosts.find((host) => host.name === '@')
    return declared || target.file.redirects?.canonical !== undefined ? [{ name: target.domain, ...(apex === undefined ? {} : { host: apex }) }] : []
  },
  unless: { skip: 'not-declared', reason: 'redirects.canonical is not declared, nor both @ and www' },
  needs: (_subject, target) => ({ apex: attempt(httpChain(`https://${target.domain}/`)), www: attempt(httpChain(`https://www.${target.domain}/`)) }),
  judge: ({ apex, www }, { target }) => {
    const wanted = target.file.redirects?.canonical
    const names = { apex: target.domain, www: `www.${target.domain}` }
    const expected = wanted === 'both' ? 'both answer' : wanted === undefined ? 'one name' : names[wanted]
    if (!apex.ok && !www.ok) return inconclusive('unobserved', `neither ${names.apex} nor ${names.www} answered`)
    const ends = [
      { name: names.apex, seen: apex },
      { name: names.www, seen: www },
    ].map(({ name, seen }) => ({ name, last: seen.ok ? seen.value.hops.at(-1) : undefined, why: seen.ok ? undefined : seen.failure.code }))
    const evidence = ends.map(({ name, last, why }) => ({
      what: `https://${name}/`,
      expected,
      received: last === undefined ? `no answer (${why})` : `${last.status} ${last.url}`,
    }))
    if (ends.some(({ last }) => last === undefined)) return fail('redirects.canonical.dead', evidence)
    const hosts = ends.map(({ last }) => (last === undefined ? '' : new URL(last.url).hostname))
    if (wanted === 'both') return pass(evidence)
    if (wanted !== undefined) return hosts.every((host) => host === names[wanted]) ? pass(evidence) : fail('redirects.canonical.other', evidence)
    return hosts[0] === hosts[1] ? pass(evidence) : warn('redirects.canonical.both', evidence, 'info')
  },
  reproduce: (_subject, target) => curlFor(target, `https://www.${target.domain}/`),
})

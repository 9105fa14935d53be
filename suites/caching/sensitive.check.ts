import { defineCheck } from '../../helpers/check.ts'
import { headerValue, isChallenge } from '../../helpers/headers.ts'
import { assetLook } from '../../helpers/probes/page.ts'
import type { Host } from '../../helpers/target.ts'
import { fail, inconclusive, pass, skip, warn } from '../../helpers/verdict.ts'
import { at, curlUrl, paths, policyOf, reusable, sharedHit } from './shared.ts'

/** What is declared to be personal, and the documents of hosts that strangers may not read. */
const personal = (host: Host): readonly string[] => [...(host.declared.sensitivePaths ?? []), ...(host.access === 'public' ? [] : [host.path])]

export default defineCheck({
  id: 'caching/sensitive',
  title: 'Personal answers are stored nowhere',
  failureTitle: 'Personal answers may be stored',
  why: 'What a cache keeps of a personal page, the next visitor or the next user of the browser sees.',
  source: 'OWASP ASVS 14.3.2, 14.2.5; RFC 9111 §3',
  severity: 'high',
  codes: {
    'caching.sensitive.public': {
      meaning: 'Shared caches may store the answer and hand it to others.',
      fix: 'Send Cache-Control: no-store on personal routes.',
    },
    'caching.sensitive.shared-hit': {
      meaning: 'The answer came out of a shared cache.',
      fix: 'Take the route out of the cache of the edge; send Cache-Control: no-store; empty the cache now.',
    },
    'caching.sensitive.unsaid': { meaning: 'Nothing keeps caches from storing the answer.', fix: 'Send Cache-Control: no-store on personal routes.' },
    'caching.sensitive.private': {
      meaning: 'The browser may keep the answer on disk (private, no-cache).',
      fix: 'Send no-store, so that nothing stays behind on shared computers.',
    },
    'caching.sensitive.redirect': {
      meaning: 'The way to the login is a permanent redirect that browsers keep: they go on to the login after it, too.',
      fix: 'Answer 302 or 303 with Cache-Control: no-store.',
    },
  },
  options: {},
  subjects: paths(personal),
  unless: { skip: 'not-declared', reason: 'no host declares personal paths (sensitivePaths) or restricted access' },
  needs: (subject) => ({ seen: assetLook(subject.name) }),
  judge: ({ seen }) => {
    const policy = policyOf(seen)
    const { control } = policy
    const evidence = at(seen, `caching of status ${seen.status}`, 'no-store', policy.shown)
    if (isChallenge(seen) || seen.status === 429 || seen.status >= 500) return inconclusive('unobserved', `the route answered ${seen.status}`, evidence)
    const hit = sharedHit(seen)
    if (hit !== undefined) return fail('caching.sensitive.shared-hit', [at(seen, 'sign of a shared cache', 'none', hit), evidence])
    // First: a cache that is spoken to by name does not mind no-store in Cache-Control (RFC 9213 §2.1).
    if (reusable(policy)) return fail('caching.sensitive.public', evidence)
    if (control.noStore) return pass(evidence)
    if (control.public) return fail('caching.sensitive.public', evidence)
    if (seen.status === 301 || seen.status === 308)
      return warn('caching.sensitive.redirect', { ...evidence, received: `${evidence.received}; to ${headerValue(seen.headers, 'location') ?? 'nowhere'}` })
    if (control.private || control.noCache) return warn('caching.sensitive.private', evidence)
    if (seen.status >= 200 && seen.status < 300) return fail('caching.sensitive.unsaid', evidence)
    // Only the refusal was seen, and it says nothing; what a signed-in visitor gets cannot be told from here.
    return skip('no-access', `anonymous visitors get ${seen.status}, which carries no rule for caches`, evidence)
  },
  reproduce: curlUrl,
})

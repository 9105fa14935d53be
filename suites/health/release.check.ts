import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { bodyText, isObstacle } from '../../helpers/headers.ts'
import { showValue } from '../../helpers/matcher.ts'
import { httpGet } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, inconclusive, pass } from '../../helpers/verdict.ts'
import { at, jsonOf, valueAt } from './shared.ts'

/** Commits are written short or long; seven digits are what git itself takes as enough. */
const sameRelease = (seen: string, wanted: string): boolean =>
  seen === wanted || ([seen, wanted].every((one) => /^[0-9a-f]{7,64}$/.test(one)) && (seen.startsWith(wanted) || wanted.startsWith(seen)))

/** The text holds the version as a whole: 1.4.2 is neither in 1.4.21 nor in 1.4.2-rc1 nor in 11.4.2; a commit may stand there in full. */
function names(text: string, wanted: string): boolean {
  for (let start = text.indexOf(wanted); start !== -1; start = text.indexOf(wanted, start + 1)) {
    const before = text[start - 1] ?? ''
    const after = text.slice(start + wanted.length, start + wanted.length + 2)
    const commit = /^[0-9a-f]{7,64}$/.test(wanted)
    // A commit that stands within another one is not that commit; git describe puts a g before it.
    if (!(commit ? /[0-9a-f]/ : /[0-9.]/).test(before) && (commit || !/^(?:[\w+-]|\.\w)/.test(after))) return true
  }
  return false
}

export default defineCheck({
  id: 'health/release',
  title: 'The deployed release is the one under sign-off',
  failureTitle: 'Another release is deployed than the one under sign-off',
  why: 'A green report about an old build proves nothing: images that were not pulled and caches keep it alive.',
  source: 'release of the host in the target',
  severity: 'high',
  codes: {
    'health.release.other': {
      meaning: 'The version that answers is not the expected one.',
      fix: 'Deploy the release, then pull, restart and purge caches; or correct release.expect.',
    },
    'health.release.unknown': {
      meaning: 'The answer names no version at the declared place.',
      fix: 'Let the service tell its version there, or correct release.path and release.json.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.declared.release !== undefined),
  unless: { skip: 'not-declared', reason: 'no host declares its release' },
  needs: (subject) => ({ seen: httpGet(`https://${hostOf(subject).fqdn}${hostOf(subject).declared.release?.path ?? '/'}`) }),
  judge: ({ seen }, { subject }) => {
    const release = hostOf(subject).declared.release
    if (release === undefined) return inconclusive('defect', 'no release declared')
    if (isObstacle(seen)) return inconclusive('unobserved', `${seen.url} answered ${seen.status}`)
    const text = bodyText(seen)
    const wanted = JSON.stringify(release.expect)
    if (seen.status !== 200) return fail('health.release.unknown', at(seen, 'status', '200', String(seen.status)))
    if (release.json === undefined) {
      const evidence = at(seen, 'body', `containing ${wanted}`, `${text.length} characters: ${showValue(text.slice(0, 120))}`)
      return names(text, release.expect) ? pass(evidence) : fail('health.release.other', evidence)
    }
    const document = jsonOf(text)
    if (document === undefined) return fail('health.release.unknown', at(seen, 'body', 'JSON', `${text.length} characters that are none`))
    const read = valueAt(document.value, release.json)
    if ('misused' in read) return inconclusive('misused', `release.json: ${read.misused}`)
    const evidence = at(seen, release.json, wanted, showValue(read.value))
    if ((typeof read.value !== 'string' && typeof read.value !== 'number') || read.value === '') return fail('health.release.unknown', evidence)
    return sameRelease(String(read.value), release.expect) ? pass(evidence) : fail('health.release.other', evidence)
  },
  reproduce: (subject, target) => curlFor(target, `https://${hostOf(subject).fqdn}${hostOf(subject).declared.release?.path ?? '/'}`, { flags: ['-sS', '-i'] }),
})

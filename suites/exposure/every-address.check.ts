import { defineCheck, hostOf } from '../../helpers/check.ts'
import { isUnroutable } from '../../helpers/probe.ts'
import { pathsElsewhere } from '../../helpers/probes/every-address.ts'
import { pinnedAddresses } from '../../helpers/target.ts'
import { inconclusive, skip } from '../../helpers/verdict.ts'
import { envFile, GIT_HEAD } from './artefacts.ts'
import { type Artefact, curlOf, judgeSweep } from './shared.ts'

const ARTEFACTS: readonly Artefact[] = [envFile('/.env'), GIT_HEAD].map((one) => ({
  ...one,
  proof: (text, seen) => {
    const found = one.proof(text, seen)
    return typeof found === 'object' ? { ...found, code: 'exposure.address' } : found
  },
  code: 'exposure.address',
}))

export default defineCheck({
  id: 'exposure/every-address',
  title: 'No further address of the host serves what the first keeps back',
  failureTitle: 'A further address of the host serves a secret file',
  why: 'The second machine, or the listener for IPv6, was set up on another day; whoever looks for such files asks every address.',
  source: 'rules G3; OWASP WSTG-CONF-04; ASVS 13.4.1',
  severity: 'critical',
  codes: {
    'exposure.address': {
      meaning: 'One address of the host serves an environment file or a repository.',
      fix: 'Give that machine or listener the configuration of the others, and replace every secret in the file: it has been read.',
    },
  },
  options: {},
  subjects: (target) => target.hosts.filter((host) => (pinnedAddresses(target, host.fqdn)?.length ?? 2) > 1).map((host) => ({ name: host.fqdn, host })),
  unless: { skip: 'not-applicable', reason: 'every host is pinned to one address' },
  needs: (subject, target) => ({
    looks: pathsElsewhere(
      hostOf(subject).fqdn,
      ARTEFACTS.map(({ path }) => path),
      pinnedAddresses(target, hostOf(subject).fqdn)?.length,
    ),
  }),
  judge: ({ looks }, { target }) => {
    if (looks.length === 0) return skip('not-applicable', 'the host has one address')
    // A machine without a way to IPv6 says nothing about the server (rules G3); an address where nothing answers serves nothing, and is told by tls/reachable.
    const here = looks.filter(({ seen, address }) => seen.ok || !isUnroutable(seen.failure, address))
    if (here.length === 0) return skip('no-access', 'this machine has no way to the further addresses')
    const answering = here.filter(({ seen }) => seen.ok || seen.failure.phase !== 'connect')
    if (answering.length === 0) return inconclusive('unobserved', 'no further address answers; see tls/reachable')
    return judgeSweep(
      answering.flatMap(({ path }) => ARTEFACTS.filter((one) => one.path === path)),
      { answers: answering },
      target,
    )
  },
  reproduce: curlOf('/.env'),
  covers: ['E31'],
})

import { defineCheck } from '../../helpers/check.ts'
import { sshEverywhere } from '../../helpers/probes/ports.ts'
import { shellQuote } from '../../helpers/reproduce.ts'
import { pinnedAddresses, realPort } from '../../helpers/target.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { portOf, portSubjects, readLooks } from './port.ts'
import { failureOf } from './shared.ts'

const PORT = 22

export default defineCheck({
  id: 'exposure/ssh-login',
  title: 'SSH admits keys only',
  failureTitle: 'SSH admits passwords',
  why: 'Passwords are guessed around the clock wherever SSH listens; one weak account is the whole server.',
  source: 'RFC 4252 §5.2; CIS Benchmark: PasswordAuthentication no',
  severity: 'medium',
  codes: {
    'exposure.ssh.password': {
      meaning: 'SSH offers login by password or keyboard-interactive.',
      fix: 'sshd_config: PasswordAuthentication no, KbdInteractiveAuthentication no; look at files below sshd_config.d too.',
    },
    'exposure.ssh.open': { meaning: 'SSH lets a visitor in without any credential.', fix: 'Stop the service now; sshd_config: PermitEmptyPasswords no.' },
  },
  options: {},
  subjects: (target) => (target.file.exposure === undefined || realPort(target, PORT) === undefined ? [] : portSubjects(target, [PORT])),
  unless: { skip: 'not-declared', reason: 'the target has no exposure section: ports are not tried unasked' },
  needs: (subject) => ({ sight: sshEverywhere(portOf(subject)) }),
  judge: ({ sight }, { target }) => {
    const expected = 'publickey only, or no SSH'
    const findings: Finding[] = []
    const blind: string[] = []
    readLooks(sight, target, expected).forEach(({ state, evidence }, index) => {
      const ssh = sight.looks[index]?.ssh
      if (ssh?.ok === true) {
        const { identification, methods, admitted } = ssh.value
        const said = { ...evidence, received: `${identification.slice(0, 60)} offers ${admitted ? 'everybody entry' : methods.join(', ') || 'nothing'}` }
        if (admitted) findings.push({ grade: 'fail', code: 'exposure.ssh.open', severity: 'critical', evidence: said })
        else if (methods.includes('password') || methods.includes('keyboard-interactive'))
          findings.push({ grade: 'warn', code: 'exposure.ssh.password', evidence: said })
        else findings.push({ grade: 'pass', evidence: said })
      } else if (state === 'closed') findings.push({ grade: 'pass', evidence })
      else if (state !== 'not-looked' && state !== 'edge') blind.push(ssh === undefined ? evidence.received : failureOf(ssh))
    })
    // What merely deviates does not stand for what could not be seen.
    if (findings.some((one) => one.grade === 'fail')) return worst(findings)
    if (blind.length > 0 || findings.length === 0)
      return inconclusive(
        'unobserved',
        blind[0] ?? 'no address could be looked at',
        findings.map((one) => one.evidence),
      )
    return worst(findings)
  },
  reproduce: (_subject, target) => {
    const address = pinnedAddresses(target, target.domain)?.[0] ?? target.domain
    return `ssh -v -o PreferredAuthentications=none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p ${realPort(target, PORT) ?? PORT} ${shellQuote(`postproof@${address}`)}`
  },
  covers: ['C22'],
})

import { defineCheck } from '../../helpers/check.ts'
import { manyChannels } from '../../helpers/probes/live.ts'
import { type Finding, inconclusive, worst } from '../../helpers/verdict.ts'
import { channelOf, channels, guarded, handshake } from './shared.ts'
import { asked, told } from './used.ts'

export default defineCheck({
  id: 'websocket/concurrent',
  title: 'As many connections as declared are possible at once',
  failureTitle: 'Fewer connections than declared are possible at once',
  why: 'Behind one office address sit many users: a limit meant for pages shuts their live views.',
  source: 'nginx limit_conn, worker_connections; live.connections of the target',
  severity: 'medium',
  codes: {
    'websocket.concurrent.refused': {
      meaning: 'Some of the connections were refused or not answered.',
      fix: 'nginx: give the location of the channel its own limit_conn, or none; raise worker_connections and the limits of open files.',
    },
    'websocket.concurrent.silent': {
      meaning: 'Some connections opened and then answered nothing.',
      fix: 'Look at the service under load: its event loop, and its limits of clients.',
    },
  },
  options: {},
  subjects: channels('websocket', (channel) => channel.connections !== undefined && (!guarded(channel) || channel.session !== undefined)),
  unless: { skip: 'not-declared', reason: 'no channel declares how many connections it must hold (live.connections)' },
  needs: (subject, target) => ({ look: manyChannels(asked(subject, target), channelOf(subject).connections ?? 2) }),
  judge: ({ look }, { subject }) => {
    const at = (what: string, expected: string, received: string) => ({ what, expected, received, where: subject.name })
    const slowest = look.openedMs.at(-1)
    const opened = at(
      'connections opened at once',
      String(look.asked),
      `${look.opened}${slowest === undefined ? '' : `, the slowest after ${Math.round(slowest)} ms`}`,
    )
    if (look.opened === 0)
      return inconclusive('unobserved', 'no connection was opened at all', [opened, ...look.others.slice(0, 3).map((one) => told(one, '101'))])
    const findings: Finding[] = [
      { grade: look.opened === look.asked ? 'pass' : 'fail', code: 'websocket.concurrent.refused', evidence: opened },
      {
        grade: look.alive === look.opened ? 'pass' : 'fail',
        code: 'websocket.concurrent.silent',
        evidence: at('of these, answered a Ping', String(look.opened), String(look.alive)),
      },
    ]
    if (look.opened < look.asked)
      findings.push(...look.others.slice(0, 3).map((one): Finding => ({ grade: 'fail', code: 'websocket.concurrent.refused', evidence: told(one, '101') })))
    return worst(findings)
  },
  reproduce: handshake(),
})

/** How attempts to sign in are judged: by a session that was proven, never by a status alone. */
import type { DoorLook, LoginLook, Try } from '../../helpers/probes/default-credentials.ts'
import { type Evidence, fail, inconclusive, pass, skip, type Verdict } from '../../helpers/verdict.ts'

const evidenceOf = (url: string, door: DoorLook, one: Try): Evidence => ({
  what: `${door.door}: ${one.kind === 'control' ? 'an account that cannot exist' : `the account ${one.username} with its well-known password`}`,
  expected: 'refused as the product refuses a wrong password',
  received: one.detail,
  where: `${url}${door.peer === undefined ? '' : ` (${door.peer})`}`,
  ...(door.at === undefined ? {} : { at: door.at }),
})

export function judgeLogins(look: LoginLook, accepted: string): Verdict {
  const { url, doors } = look
  const all = doors.flatMap((door) =>
    door.tries.map((one) => ({ won: one.kind === 'known' && one.outcome === 'accepted', evidence: evidenceOf(url, door, one) })),
  )
  const evidence = all.map((one) => one.evidence)
  if (all.some(({ won }) => won))
    return fail(
      accepted,
      [...all.filter(({ won }) => won), ...all.filter(({ won }) => !won)].map((one) => one.evidence),
    )
  const open = doors.find(({ anonymous }) => anonymous)
  if (open !== undefined)
    return inconclusive('unobserved', `${open.proof} is read without any login, so that a login proves nothing here`, [
      { what: `GET ${open.proof} without a login`, expected: 'a login is asked for', received: 'the page of a session', where: url },
      ...evidence,
    ])
  if (look.stopped !== undefined) return inconclusive('unobserved', `stopped: ${look.stopped}`, evidence)
  const refused = doors.filter(({ tries }) => tries.some(({ kind, outcome }) => kind === 'known' && outcome === 'refused'))
  const unclear = doors.filter(({ tries }) => !tries.every(({ outcome }) => outcome === 'refused' || outcome === 'closed'))
  if (unclear.length > 0) return inconclusive('unobserved', `${unclear[0]?.door}: no clear answer`, evidence)
  if (refused.length === 0)
    return doors.length === 0 ? skip('not-applicable', 'nothing to try') : inconclusive('unobserved', 'none of its ways to sign in was found', evidence)
  return pass(evidence)
}

import { defineCheck } from '../../helpers/check.ts'
import { reportReceivers } from '../../helpers/probes/dmarc.ts'
import { digFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachMailDomain, isAnswered, listed, lookLine, noMail, walkEvidence } from './shared.ts'

export default defineCheck({
  id: 'mail/dmarc-rua',
  title: 'DMARC reports reach somebody who wants them',
  failureTitle: 'DMARC reports reach nobody',
  why: 'Reports are the only sign that genuine mail fails. A receiver elsewhere that has not said that it wants them gets none.',
  source: 'RFC 9989 §4.7 (rua), §4.8 (sizes are obsolete); RFC 9990 §4 (consent of external receivers)',
  severity: 'medium',
  codes: {
    'mail.dmarc.rua-missing': { meaning: 'The record asks for no reports.', fix: 'Add rua=mailto:… of a mailbox that somebody reads.' },
    'mail.dmarc.rua-invalid': {
      meaning: 'A place for reports cannot be used.',
      fix: 'Write mailto: and an address; a comma or exclamation mark inside must be encoded.',
    },
    'mail.dmarc.rua-unauthorised': {
      meaning: 'The receiver of reports belongs to another organisation and has not agreed: no report is sent there.',
      fix: 'Have it publish v=DMARC1 at <domain>._report._dmarc.<its domain>, or take another receiver.',
    },
    'mail.dmarc.rua-size': { meaning: 'A place for reports carries a size (!10m), which is obsolete and ignored.', fix: 'Remove it.' },
  },
  options: {},
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ reports: reportReceivers(name) }),
  judge: ({ reports: { walk, receivers } }) => {
    const record = walkEvidence(walk, 'rua with a mail address')
    if (walk.policy === undefined) {
      if (walk.unanswered.length > 0) return inconclusive('unobserved', listed(walk.unanswered), record)
      return skip('not-applicable', 'there is no DMARC record (mail/dmarc-exists)', record)
    }
    if (receivers.length === 0) return worst([{ grade: 'warn', code: 'mail.dmarc.rua-missing', evidence: record }])
    const findings: Finding[] = []
    const unknown: string[] = []
    const useless = receivers.every(({ kind }) => kind === 'unusable')
    for (const { uri, kind, seen, authorised } of receivers) {
      const evidence = {
        what: `reports to ${uri.text}`,
        expected: 'a mail address here, or one whose domain agrees',
        received:
          kind === 'own'
            ? 'of the same organisation'
            : kind === 'unusable'
              ? (uri.fault ?? 'unusable')
              : seen === undefined
                ? 'not asked'
                : `${seen.ok ? seen.value.name : ''} ${lookLine(seen)}`.trim(),
      }
      if (kind === 'unusable') findings.push({ grade: useless ? 'fail' : 'warn', code: 'mail.dmarc.rua-invalid', evidence })
      else if (kind === 'external' && authorised !== true) {
        if (seen !== undefined && isAnswered(seen)) findings.push({ grade: 'fail', code: 'mail.dmarc.rua-unauthorised', evidence })
        else unknown.push(`${uri.text}: ${evidence.received}`)
      } else if (uri.size !== undefined)
        findings.push({ grade: 'warn', code: 'mail.dmarc.rua-size', evidence: { ...evidence, expected: 'no size', received: `!${uri.size}` } })
      else findings.push({ grade: 'pass', evidence })
    }
    if (unknown.length > 0 && !findings.some(({ grade }) => grade === 'fail'))
      return inconclusive('unobserved', `whether the receiver agrees is unknown: ${listed(unknown)}`, record)
    return worst([...findings, { grade: 'pass', evidence: record }])
  },
  reproduce: (subject, target) => digFor(target, `_dmarc.${subject.name}`, 'TXT'),
})

import { defineCheck } from '../../helpers/check.ts'
import { declaredDrill, drilled, looks, noDrill, restoreCommand } from '../../helpers/drill/subjects.ts'
import { type Finding, skip, worst } from '../../helpers/verdict.ts'
import { few } from './shared.ts'

export default defineCheck({
  id: 'restore/config-complete',
  title: 'Configuration and certificates of the set are usable',
  failureTitle: 'Configuration or certificates of the set are not usable',
  why: 'A recovery without the secrets of the configuration starts nothing, and a certificate without its key serves nobody.',
  source: 'requiredKeys of the target; X.509 and its private key within the archive',
  severity: 'high',
  codes: {
    'restore.config-keys-missing': {
      meaning: 'Keys of the configuration are missing or empty.',
      fix: 'Pack the file that the deployment really uses, with its values.',
    },
    'restore.config-missing': { meaning: 'No configuration file is in the archive.', fix: 'Add .env to the archive.' },
    'restore.certificate-unreadable': {
      meaning: 'A certificate in the archive cannot be read.',
      fix: 'Look at the job that packs it: a link that was packed as a link, an empty file.',
    },
    'restore.certificate-key-missing': {
      meaning: 'The private key in the archive is not that of the certificate.',
      fix: 'Pack certificate and key together, after a renewal too.',
    },
    'restore.certificate-expired': {
      meaning: 'The certificate in the archive has expired.',
      fix: 'Look whether the archive holds the certificate that is served, not one from before a renewal.',
    },
  },
  options: {},
  subjects: drilled(),
  unless: noDrill,
  needs: looks,
  judge: ({ drill }, { subject, now }) => {
    const required = declaredDrill(subject).requiredKeys
    const findings: Finding[] = drill.configs.map(({ label, keysMissing, keysRequired }) => ({
      grade: keysMissing.length === 0 ? 'pass' : 'fail',
      code: 'restore.config-keys-missing',
      evidence: {
        what: `keys of ${label}`,
        expected: `${keysRequired} set`,
        received: keysMissing.length === 0 ? 'all of them' : `missing or empty: ${few(keysMissing)}`,
      },
    }))
    if (required !== undefined && drill.configs.length === 0)
      findings.push({
        grade: 'fail',
        code: 'restore.config-missing',
        evidence: { what: `configuration of ${drill.entry}`, expected: '.env with the required keys', received: 'no archive of the set has one' },
      })
    for (const { label, notAfter, keyMatches, error } of drill.certificates) {
      const what = `certificate ${label}`
      if (error !== undefined || notAfter === undefined)
        findings.push({
          grade: 'fail',
          code: 'restore.certificate-unreadable',
          evidence: { what, expected: 'a certificate', received: error ?? 'it has no end' },
        })
      else {
        findings.push({
          grade: Date.parse(notAfter) > now.getTime() ? 'pass' : 'fail',
          code: 'restore.certificate-expired',
          evidence: { what, expected: 'valid now', received: `until ${notAfter}` },
        })
        if (keyMatches !== undefined)
          findings.push({
            grade: keyMatches ? 'pass' : 'fail',
            code: 'restore.certificate-key-missing',
            evidence: { what, expected: 'its private key beside it', received: keyMatches ? 'it is' : 'the key is another one' },
          })
      }
    }
    return findings.length === 0 ? skip('not-applicable', 'no archive of the set holds certificates, and no keys are declared') : worst(findings)
  },
  reproduce: (subject, target) => restoreCommand(subject, target),
  covers: ['C70', 'A155'],
})

import { defineCheck } from '../../helpers/check.ts'
import { readMtaStsPolicy } from '../../helpers/grammar/mta-sts.ts'
import { readTlsa, tlsaNames } from '../../helpers/grammar/tlsa.ts'
import { bodyText } from '../../helpers/headers.ts'
import { mailTlsa, mtaSts, type MtaStsLook } from '../../helpers/probes/mail-dns.ts'
import { atServers, certificateProblem, eachExchanger, eachServed, exchangerLooks, line, noServers } from './servers.ts'

/** What senders that know MTA-STS do with a certificate that does not verify. */
function modeOf({ policy }: MtaStsLook): string | undefined {
  if (policy?.ok !== true || policy.value.status !== 200) return undefined
  const read = readMtaStsPolicy(bodyText(policy.value))
  return read.ok ? read.value.mode : undefined
}

export default defineCheck({
  id: 'mail/starttls-cert',
  title: 'The certificates of the mail servers verify',
  failureTitle: 'The certificate of a mail server does not verify',
  why: 'With MTA-STS in force senders refuse to deliver to a server whose certificate does not verify; without it, encryption protects against nobody who is in the way.',
  source: 'RFC 8461 §4.1, §5; RFC 7672 §2.2.1',
  severity: 'medium',
  clockSensitive: true,
  codes: {
    'mail.certificate.enforced': {
      meaning: 'The certificate of a mail server does not verify, and the MTA-STS policy tells senders to refuse it: their mail is not delivered.',
      fix: 'Issue a certificate for the name in MX from a public authority, with its whole chain, and reload the server.',
    },
    'mail.certificate.testing': {
      meaning: 'The certificate of a mail server does not verify; the MTA-STS policy in test mode has senders report it.',
      fix: 'Repair the certificate before the policy is put in force.',
    },
    'mail.certificate.opportunistic': {
      meaning: 'The certificate of a mail server does not verify; no policy asks senders to look.',
      fix: 'Issue a certificate for the name in MX, then publish MTA-STS or DANE.',
    },
  },
  options: {},
  subjects: eachServed,
  unless: noServers,
  needs: ({ name }) => ({ look: exchangerLooks(name), sts: mtaSts(name), dane: mailTlsa(name) }),
  judge: ({ look, sts, dane }, { now }) => {
    const mode = modeOf(sts)
    return eachExchanger(look, 'no server shows a certificate (mail/starttls)', (seen, name) => {
      const { tls } = seen
      if (tls === undefined) return []
      const problem = certificateProblem(tls, name, now)
      const [leaf] = tls.served
      const expected = `a certificate for ${name} that leads to a trusted root and is in date (MTA-STS: ${mode ?? 'no policy'})`
      const evidence = line(
        seen,
        `certificate of ${name}`,
        expected,
        problem === undefined ? `${leaf?.subject ?? ''}, until ${leaf?.notAfter ?? ''}` : problem.text,
      )
      if (problem === undefined) return [{ grade: 'pass', evidence }]
      if (mode === 'enforce') return [{ grade: 'fail', code: 'mail.certificate.enforced', evidence, severity: 'high' }]
      const tlsa = dane.servers.find((one) => one.name === name)?.tlsa
      const records = tlsa?.ok === true && tlsa.value.authenticated ? tlsa.value.answers.filter(({ type }) => type === 'TLSA') : []
      // Usage 3 says all there is to say of a certificate: names, dates and issuers are not looked at (RFC 7672 §3.1.1).
      const named = records.some(({ value }) => {
        const read = readTlsa(value)
        return read.ok && read.value.usage === 3 && leaf !== undefined && tlsaNames(read.value, leaf.raw)
      })
      if (named) return [{ grade: 'pass', evidence: { ...evidence, received: `${problem.text}; a TLSA record names it, which is all that DANE asks` } }]
      if (mode === 'testing') return [{ grade: 'warn', code: 'mail.certificate.testing', evidence, severity: 'medium' }]
      return [{ grade: 'warn', code: 'mail.certificate.opportunistic', evidence, severity: 'info' }]
    })
  },
  reproduce: ({ name }, target) => atServers(target, name, 'openssl s_client -starttls smtp -connect "$mx":25 -verify_hostname "$mx" </dev/null'),
  covers: ['A72'],
})

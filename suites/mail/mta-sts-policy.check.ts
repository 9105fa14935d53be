import { defineCheck } from '../../helpers/check.ts'
import { readMtaStsPolicy } from '../../helpers/grammar/mta-sts.ts'
import { matchServerName } from '../../helpers/grammar/server-name.ts'
import { bodyText, headerValue, isObstacle } from '../../helpers/headers.ts'
import { isRefused } from '../../helpers/probe.ts'
import { mtaSts, mtaStsHost, mtaStsUrl } from '../../helpers/probes/mail-dns.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { fail, type Finding, inconclusive, skip, worst } from '../../helpers/verdict.ts'
import { eachMailDomain, isAnswer, noMail, seenAt } from './shared.ts'

const MOST_BYTES = 65_536

export default defineCheck({
  id: 'mail/mta-sts-policy',
  title: 'The MTA-STS policy is served as senders demand',
  failureTitle: 'The MTA-STS policy cannot be used',
  why: 'The record promises a policy. Where it cannot be fetched, senders go on without protection, or hold mail back by the one they remember.',
  source: 'RFC 8461 §3.2 (policy), §3.3 (HTTPS, certificate, no redirects, text/plain), §5 (modes), erratum 6253 (line ends)',
  severity: 'high',
  codes: {
    'mail.mta-sts.no-host': { meaning: 'The record announces a policy, but mta-sts.<domain> does not exist.', fix: 'Create the host, or remove the record.' },
    'mail.mta-sts.unreachable': { meaning: 'mta-sts.<domain> refuses connections or handshakes.', fix: 'Serve the policy over HTTPS on port 443.' },
    'mail.mta-sts.certificate': {
      meaning: 'The certificate of mta-sts.<domain> is not valid for it: senders ignore the policy.',
      fix: 'Issue one for that very name.',
    },
    'mail.mta-sts.redirect': {
      meaning: 'The policy is answered with a redirect, which senders must not follow.',
      fix: 'Serve the file itself at /.well-known/mta-sts.txt.',
    },
    'mail.mta-sts.missing': { meaning: 'The policy is not answered with status 200.', fix: 'Serve the file at /.well-known/mta-sts.txt.' },
    'mail.mta-sts.unreadable': { meaning: 'The policy cannot be read.', fix: 'Write version, mode, mx and max_age, one per line.' },
    'mail.mta-sts.max-age': { meaning: 'max_age is more than a year (31557600 seconds), which is not allowed.', fix: 'Write 31557600 or less.' },
    'mail.mta-sts.max-age-short': {
      meaning: 'max_age is less than a day: senders forget the policy before they need it.',
      fix: 'Write weeks: 604800 or more.',
    },
    'mail.mta-sts.testing': {
      meaning: 'The mode is testing: failures are reported, mail goes out all the same.',
      fix: 'Change the mode to enforce when the TLS reports are clean, and the id of the record with it.',
    },
    'mail.mta-sts.opted-out': {
      meaning: 'The mode is none: the domain withdraws its policy.',
      fix: 'Remove the record after max_age has passed, or write another mode.',
    },
    'mail.mta-sts.type': { meaning: 'The policy is not served as text/plain.', fix: 'Set Content-Type: text/plain for the file.' },
    'mail.mta-sts.line-ends': { meaning: 'Lines end in LF alone, which some senders of old do not read.', fix: 'Save the file with CRLF.' },
  },
  options: { longest: 31_557_600, shortest: 86_400 },
  subjects: eachMailDomain,
  unless: noMail,
  needs: ({ name }) => ({ sts: mtaSts(name) }),
  judge: ({ sts: { record, tls, policy } }, { subject, options }) => {
    const announced = seenAt(record, 'a record that announces a policy')
    if (!isAnswer(record)) return inconclusive('unobserved', `TXT was answered with ${record.rcode}`, announced)
    if (tls === undefined || policy === undefined) return skip('not-applicable', 'no record announces a policy (mail/mta-sts-record)', announced)
    const host = mtaStsHost(subject.name)
    const where = mtaStsUrl(subject.name)
    if (!tls.ok) {
      const { phase, code, message } = tls.failure
      const evidence = { what: `TLS with ${host}`, expected: 'a handshake with a valid certificate', received: `${message} (${code})`, where }
      if (phase === 'resolve' && (code === 'NXDOMAIN' || code === 'NODATA')) return fail('mail.mta-sts.no-host', [evidence, announced])
      if (isRefused(tls) || code.startsWith('ALERT_')) return fail('mail.mta-sts.unreachable', [evidence, announced])
      return inconclusive('unobserved', `${host}: ${message}`, [evidence, announced])
    }
    const [leaf] = tls.value.chain
    const names = leaf?.dnsNames ?? []
    const match = leaf !== undefined && matchServerName(host, leaf).matches
    const certificate = {
      what: `certificate of ${host}`,
      expected: `valid for ${host}, to a trusted root (${tls.value.store})`,
      received: `${leaf?.subject ?? 'none'} for ${names.slice(0, 8).join(', ') || 'no name'}; ${tls.value.authorized ? 'trusted' : `not trusted: ${tls.value.authorizationError ?? 'unknown'}`}`,
      where: tls.value.peer,
      at: tls.value.at,
    }
    if (!match || !tls.value.authorized) return fail('mail.mta-sts.certificate', [certificate, announced])
    if (!policy.ok)
      return inconclusive('unobserved', `${where}: ${policy.failure.message}`, [
        { what: where, expected: 'the policy', received: `${policy.failure.message} (${policy.failure.code})`, where },
        announced,
      ])
    const { value } = policy
    const type = headerValue(value.headers, 'content-type') ?? ''
    const answer = {
      what: 'MTA-STS policy',
      expected: 'status 200, text/plain',
      received: `status ${value.status}, ${type === '' ? 'no Content-Type' : type}`,
      where,
      at: value.at,
    }
    if (value.status >= 300 && value.status < 400)
      return fail('mail.mta-sts.redirect', [
        { ...answer, received: `${answer.received}, Location ${headerValue(value.headers, 'location') ?? 'none'}` },
        announced,
      ])
    if (isObstacle(value))
      return inconclusive('unobserved', `${where} was answered with ${value.status}, which says nothing of the policy`, [answer, announced])
    if (value.status !== 200) return fail('mail.mta-sts.missing', [answer, announced])
    const text = bodyText(value)
    const body = {
      what: 'MTA-STS policy',
      expected: 'version: STSv1, mode, mx, max_age',
      received: text.trim().split(/\r?\n/).join(', ').slice(0, 600),
      where,
      at: value.at,
    }
    if (value.body.length > MOST_BYTES) return fail('mail.mta-sts.unreadable', [{ ...body, received: `more than ${MOST_BYTES} bytes` }, answer])
    const read = readMtaStsPolicy(text)
    if (!read.ok) return fail('mail.mta-sts.unreadable', [{ ...body, received: `${read.error}; ${body.received}` }, answer, announced])
    const { mode, maxAge, bareLf } = read.value
    const findings: Finding[] = [
      { grade: 'pass', evidence: body },
      { grade: 'pass', evidence: certificate },
    ]
    if (!(maxAge <= options.longest))
      findings.push({
        grade: 'fail',
        code: 'mail.mta-sts.max-age',
        evidence: { ...body, expected: `max_age of at most ${options.longest}`, received: `max_age: ${maxAge}` },
      })
    if (mode === 'testing')
      findings.push({ grade: 'warn', code: 'mail.mta-sts.testing', evidence: { ...body, expected: 'mode: enforce', received: 'mode: testing' } })
    if (mode === 'none')
      findings.push({
        grade: 'warn',
        code: 'mail.mta-sts.opted-out',
        severity: 'info',
        evidence: { ...body, expected: 'mode: enforce', received: 'mode: none' },
      })
    if (maxAge < options.shortest && mode !== 'none')
      findings.push({
        grade: 'warn',
        code: 'mail.mta-sts.max-age-short',
        evidence: { ...body, expected: `max_age of at least ${options.shortest}`, received: `max_age: ${maxAge}` },
      })
    if (!/^text\/plain\s*(?:;|$)/i.test(type)) findings.push({ grade: 'warn', code: 'mail.mta-sts.type', evidence: answer })
    else findings.push({ grade: 'pass', evidence: answer })
    if (bareLf)
      findings.push({
        grade: 'warn',
        code: 'mail.mta-sts.line-ends',
        severity: 'info',
        evidence: { ...body, expected: 'lines that end in CRLF', received: 'LF alone' },
      })
    return worst(findings)
  },
  reproduce: (subject, target) => curlFor(target, mtaStsUrl(subject.name), { flags: ['-sS', '-i'] }),
})

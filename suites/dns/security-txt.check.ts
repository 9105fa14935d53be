import { defineCheck } from '../../helpers/check.ts'
import { readExpires, readSecurityTxt } from '../../helpers/grammar/security-txt.ts'
import { bodyText, isObstacle, mediaType } from '../../helpers/headers.ts'
import { httpChain } from '../../helpers/probes/http.ts'
import { curlFor } from '../../helpers/reproduce.ts'
import { type Finding, inconclusive, pass, worst } from '../../helpers/verdict.ts'

const YEAR_MS = 366 * 86_400_000
const urlFor = (fqdn: string): string => `https://${fqdn}/.well-known/security.txt`

export default defineCheck({
  id: 'dns/security-txt',
  title: 'security.txt says whom to tell about a hole, and until when that holds',
  failureTitle: 'security.txt is absent, expired or unreadable',
  why: 'Who finds a hole looks there first; without it the report goes to a forgotten mailbox, or to the public.',
  source: 'RFC 9116 §2.5, §3; dns.securityTxt of the target',
  severity: 'low',
  clockSensitive: true,
  codes: {
    'dns.security-txt.absent': { meaning: 'There is no /.well-known/security.txt.', fix: 'Publish one with Contact and Expires.' },
    'dns.security-txt.html': {
      meaning: 'A page answers in place of the file.',
      fix: 'Serve the file itself; keep the catch-all of the application away from /.well-known/.',
    },
    'dns.security-txt.type': { meaning: 'The file is not sent as text/plain.', fix: 'Send Content-Type: text/plain; charset=utf-8.' },
    'dns.security-txt.contact': { meaning: 'There is no Contact field with a URI.', fix: 'Add Contact: mailto:security@… or an https form.' },
    'dns.security-txt.expires': {
      meaning: 'Expires is missing, unreadable, twice, or past.',
      fix: 'Write one Expires in the form 2026-12-31T00:00:00Z, and renew it in time.',
    },
    'dns.security-txt.far': {
      meaning: 'Expires is more than a year ahead.',
      fix: 'Set it to less than a year; it shows that somebody still reads the reports.',
    },
    'dns.security-txt.canonical': {
      meaning: 'Canonical does not name the address it was found at.',
      fix: 'Add Canonical with this address, or remove the field.',
    },
  },
  options: {},
  subjects: (target) => target.hosts.filter((host) => host.fqdn === target.domain).map((host) => ({ name: urlFor(host.fqdn), host })),
  unless: { skip: 'not-declared', reason: 'the domain itself is no declared host' },
  needs: (_subject, target) => ({ chain: httpChain(urlFor(target.domain)) }),
  judge: ({ chain }, { target, now, subject }) => {
    const seen = chain.hops.at(-1)
    if (seen === undefined || chain.end === 'failed') return inconclusive('unobserved', chain.reason ?? 'no answer')
    if (isObstacle(seen) || seen.status >= 500) return inconclusive('unobserved', `${seen.url} answered ${seen.status}: no basis for a verdict`)
    const rule = target.file.dns?.securityTxt
    const at = (grade: Finding['grade'], code: string, what: string, expected: string, received: string): Finding => ({
      grade,
      code,
      evidence: { what, expected, received: received.slice(0, 500), where: `${seen.url} (${seen.peer})`, at: seen.at },
    })
    const type = mediaType(seen.headers)
    const shown = `${seen.status} ${type ?? 'without Content-Type'}, ${seen.body.length} bytes`
    if (seen.status !== 200) {
      if (rule === 'optional') return pass(at('pass', '', 'security.txt', 'optional', shown).evidence)
      return worst([at(rule === 'required' ? 'fail' : 'warn', 'dns.security-txt.absent', 'security.txt', '200 text/plain', shown)])
    }
    const text = bodyText(seen)
    // The catch-all page of an application is no file, whatever its status.
    if (type === 'text/html' || /^\s*<(?:!doctype|html)\b/i.test(text))
      return worst([at('fail', 'dns.security-txt.html', 'security.txt', '200 text/plain', shown)])
    const { fields, signed } = readSecurityTxt(text)
    const valuesOf = (name: string): readonly string[] => fields.filter((field) => field.name === name).map((field) => field.value)
    const findings: Finding[] = [at(type === 'text/plain' ? 'pass' : 'warn', 'dns.security-txt.type', 'Content-Type', 'text/plain', type ?? 'absent')]
    const contacts = valuesOf('contact')
    const usable = contacts.some((one) => /^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+|tel:\+?[0-9().-]+)$/i.test(one))
    findings.push(at(usable ? 'pass' : 'fail', 'dns.security-txt.contact', 'Contact', 'mailto:, https: or tel:', contacts.join(', ') || 'absent'))
    const expires = valuesOf('expires')
    const until = expires.length === 1 ? readExpires(expires[0] ?? '') : undefined
    const wanted = `one time after ${now.toISOString()}, at most a year ahead`
    if (until === undefined || !(until > now.getTime()))
      findings.push(at('fail', 'dns.security-txt.expires', 'Expires', wanted, expires.join(', ') || 'absent'))
    else findings.push(at(until - now.getTime() <= YEAR_MS ? 'pass' : 'warn', 'dns.security-txt.far', 'Expires', wanted, expires.join(', ')))
    const canonical = valuesOf('canonical')
    const here = new Set([subject.name, ...chain.hops.map((hop) => hop.url)])
    if (canonical.length > 0)
      findings.push(
        at(
          canonical.some((one) => here.has(one)) ? 'pass' : 'fail',
          'dns.security-txt.canonical',
          'Canonical',
          [...here].join(' or '),
          `${canonical.join(', ')}${signed ? ' (signed)' : ''}`,
        ),
      )
    return worst(findings)
  },
  reproduce: (_subject, target) => curlFor(target, urlFor(target.domain), { flags: ['-sS', '-i'] }),
})

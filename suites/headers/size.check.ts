import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { documentOf } from '../../helpers/probes/http.ts'
import { fail, pass, warn } from '../../helpers/verdict.ts'
import { answerOf, curlDocument, evidenceOf, noHosts } from './shared.ts'

export default defineCheck({
  id: 'headers/size',
  title: 'The headers fit into the buffers of proxies',
  failureTitle: 'The headers are larger than proxies and clients take',
  why: 'A cookie or a policy too many, and the proxy answers 502 instead: upstream sent too big header.',
  source: 'nginx proxy_buffer_size (4 or 8 KiB); Node --max-http-header-size (16 KiB)',
  severity: 'low',
  codes: {
    'headers.size.large': {
      meaning: 'The headers of one answer come near the limits of usual proxies.',
      fix: 'Drop what nobody reads; shorten policy and cookies.',
    },
    'headers.size.too-large': {
      meaning: 'The headers of one answer are beyond what usual clients take.',
      fix: 'Drop what nobody reads; shorten policy and cookies.',
    },
  },
  options: { warnBytes: 8192, failBytes: 16_384 },
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ chain: documentOf(hostOf(subject)) }),
  judge: ({ chain }, { subject, options }) => {
    const basis = answerOf(chain, hostOf(subject))
    if (basis.verdict !== undefined) return basis.verdict
    const { seen } = basis
    // As HTTP/1.1 would write them: name, colon, space, value, line end.
    const bytes = seen.headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    const largest = [...seen.headers].sort((a, b) => b[1].length - a[1].length)[0]
    const evidence = evidenceOf(
      seen,
      'size of the headers',
      `${options.warnBytes} bytes or less`,
      `${bytes} bytes${largest === undefined ? '' : `, the largest is ${largest[0]} with ${largest[1].length}`}`,
    )
    if (bytes <= options.warnBytes) return pass(evidence)
    return bytes <= options.failBytes ? warn('headers.size.large', evidence) : fail('headers.size.too-large', evidence)
  },
  reproduce: curlDocument,
  covers: [],
})

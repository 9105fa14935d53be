import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { folderStep } from '../../helpers/probes/scripts.ts'
import { fail, inconclusive, pass, skip } from '../../helpers/verdict.ts'
import { curlOf, evidenceOf, failureOf, isBlocked, isSuccess, noHosts, shownOf } from './shared.ts'

export default defineCheck({
  id: 'exposure/alias-traversal',
  title: 'No step leads out of the folder of assets',
  failureTitle: 'A step leads out of the folder of assets',
  why: 'An alias whose location lacks its last slash serves the folder above: sources, configuration, databases beside the assets.',
  source: 'nginx: ngx_http_core_module, alias; OWASP WSTG-ATHZ-01',
  severity: 'high',
  codes: {
    'exposure.alias-traversal': {
      meaning: '/folder../folder/file serves the file: whatever lies beside the folder can be had the same way.',
      fix: 'nginx: end both with a slash, location /static/ { alias /srv/static/; }.',
    },
  },
  options: {},
  subjects: eachHost((host) => host.kind !== 'redirect' && host.kind !== 'api'),
  unless: noHosts,
  needs: (subject) => ({ step: folderStep(hostOf(subject)) }),
  judge: ({ step }) => {
    if (step === undefined) return skip('not-applicable', 'the document names no asset that lies in a folder of its own host')
    if (!step.step.ok || !step.control.ok) return inconclusive('unobserved', `the step: ${failureOf(step.step)}; its control: ${failureOf(step.control)}`)
    const seen = step.step.value
    if (isBlocked(seen)) return inconclusive('unobserved', 'an obstacle answered instead of the host', evidenceOf(seen, 'the answer of the host itself'))
    const evidence = evidenceOf(seen, 'anything but the asset', `${shownOf(seen)}; the asset itself: ${shownOf(step.asset)}`)
    const asset = Buffer.from(step.asset.body)
    const same = isSuccess(seen) && asset.equals(seen.body)
    return same && !asset.equals(step.control.value.body) ? fail('exposure.alias-traversal', evidence) : pass(evidence)
  },
  reproduce: curlOf('/assets../assets/'),
})

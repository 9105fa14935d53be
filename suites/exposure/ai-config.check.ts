import { defineCheck, eachHost, hostOf } from '../../helpers/check.ts'
import { type Artefact, by, curlOf, json, judgeSweep, noHosts, sweepOf } from './shared.ts'

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
const SERVERS = json((value) => isObject(value['mcpServers']), 'its "mcpServers"')
/** A heading and at least some lines of text: markdown, not a message that happens to be plain text. */
const MARKDOWN = by(/^#{1,3} \S[^\n]*\n[\s\S]{40,}/m, 'markdown with a heading')

const ARTEFACTS: readonly Artefact[] = [
  {
    path: '/.claude/settings.json',
    what: 'settings file of a coding assistant',
    code: 'exposure.ai-config',
    proof: json((value) => isObject(value['permissions']) || isObject(value['env']) || isObject(value['hooks']), 'its permissions, hooks or environment'),
  },
  { path: '/.cursor/mcp.json', what: 'list of tool servers', code: 'exposure.ai-config', proof: SERVERS },
  { path: '/mcp.json', what: 'list of tool servers', code: 'exposure.ai-config', proof: SERVERS },
  { path: '/.mcp.json', what: 'list of tool servers', code: 'exposure.ai-config', proof: SERVERS },
  { path: '/CLAUDE.md', what: 'instruction file of a coding assistant', code: 'exposure.ai-config.instructions', severity: 'medium', proof: MARKDOWN },
  { path: '/AGENTS.md', what: 'instruction file of a coding assistant', code: 'exposure.ai-config.instructions', severity: 'medium', proof: MARKDOWN },
]

export default defineCheck({
  id: 'exposure/ai-config',
  title: 'No configuration of coding assistants is served',
  failureTitle: 'Configuration of coding assistants is served',
  why: 'These files name internal services and carry their tokens; deployments copy them along with the sources.',
  source: 'OWASP WSTG-CONF-04',
  severity: 'high',
  codes: {
    'exposure.ai-config': {
      meaning: 'Settings or tool servers of a coding assistant can be downloaded.',
      fix: 'Deploy build results only; nginx: location ~ /\\. { return 404; }. Replace tokens that stand in them.',
    },
    'exposure.ai-config.instructions': { meaning: 'Instructions for a coding assistant can be downloaded.', fix: 'Deploy build results only.' },
  },
  options: {},
  subjects: eachHost(),
  unless: noHosts,
  needs: (subject) => ({ sweep: sweepOf(hostOf(subject), 'ai-config', ARTEFACTS) }),
  judge: ({ sweep }, { target }) => judgeSweep(ARTEFACTS, sweep, target),
  reproduce: curlOf('/.mcp.json'),
})

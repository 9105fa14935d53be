import type { Product } from '../../../helpers/probes/default-credentials.ts'

export default {
  id: 'code-server',
  name: 'code-server',
  source: 'coder.com/docs/code-server: authentication, --auth none',
  marks: [{ path: '/', body: /<title>code-server(?: login)?<\/title>|vscode-workbench-web-configuration/ }],
  open: {
    page: { path: '/', status: [200], body: /vscode-workbench-web-configuration|workbench\.(?:web\.main|js)/, not: /name="password"/ },
    kept: { path: '/', status: [200, 401, 403], body: /name="password"/ },
  },
} satisfies Product as Product

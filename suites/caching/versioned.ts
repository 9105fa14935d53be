/**
 * Whether the name changes with every release: a digest of at least 8 characters between separators or as a folder, or a query of that kind.
 * Undefined where a part may be a digest or a word (`index-DiwrgTda.js`).
 */
export function isVersioned(url: string): boolean | undefined {
  const [path = '', query = ''] = url.split('#', 1)[0]?.split(/\?(.*)/s, 2) ?? []
  const folders = path.split('/')
  const stem = (folders.pop() ?? '').replace(/(?:\.[A-Za-z][A-Za-z0-9]{0,7})(?:\.map)?$/, '')
  // Tools cut differently: app.3f9a1c2e.js, app-3f9a1c2e.js; a base64url digest may itself hold a dash.
  const parts = [...stem.split(/[.\-_~]/), stem.slice(stem.indexOf('-') + 1)].filter((one) => one !== stem || /^[0-9a-f]{16,}$/i.test(stem))
  const hex = (text: string): boolean => /^(?=.*[0-9])[0-9a-f]{8,64}$/i.test(text)
  const mixed = (text: string): boolean => /^(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9_-]{8,32}$/.test(text)
  if (parts.some((one) => hex(one) || mixed(one)) || folders.some((one) => /^[0-9a-f]{12,64}$/i.test(one))) return true
  if (/(?:^|&)(?:v|ver|version|hash|h|rev)=[\w.-]{1,64}(?:&|$)/i.test(query) || /^[0-9a-f]{6,64}$/i.test(query)) return true
  return parts.some((one) => /^(?=.*[A-Z0-9])(?=.*[a-z])[A-Za-z0-9_-]{8}$/.test(one)) || folders.includes('_next') ? undefined : false
}

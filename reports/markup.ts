/** Pieces of HTML: what is put into a template is escaped unless it is markup already. */

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')

/** Markup that is known to be ours; everything else put into a template is escaped. */
export class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Part = string | number | Markup | readonly Part[] | undefined
const render = (part: Part): string =>
  part === undefined ? '' : part instanceof Markup ? part.text : typeof part === 'object' ? part.map(render).join('') : escaped(String(part))
export const markup = (strings: TemplateStringsArray, ...parts: readonly Part[]): Markup =>
  new Markup(strings.reduce((text, string, index) => text + string + (index < parts.length ? render(parts[index]) : ''), ''))

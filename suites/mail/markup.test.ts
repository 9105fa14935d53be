/** What is left of a letter without its markup: the same as by the expressions that say it shortest, and in one pass on text made against them. */
import { expect, test } from 'vitest'
import { withoutTags } from '../../helpers/grammar/linear.ts'
import { withoutComments, withoutElements } from './markup.ts'

const PIECES = ['<style', '</style>', '<script>', '</script>', '</SCRIPT>', '<styles>', '<!--', '-->', '<', '>', 'a', 'İ', '<p>', '\n']
/** Texts of the pieces in every order, three deep, then longer ones by a fixed stride. */
const texts = PIECES.flatMap((a) => PIECES.flatMap((b) => PIECES.map((c) => a + b + c)))
const longer = texts.flatMap((text, index) => [
  text + (texts[(index * 7 + 3) % texts.length] ?? ''),
  `${text}x${texts[(index * 131 + 17) % texts.length] ?? ''}`,
])

test('the same as the expression says', () => {
  expect(longer.length).toBeGreaterThan(5_000)
  for (const text of [...texts, ...longer]) {
    expect(withoutElements(text, 'style', 'script'), text).toBe(text.replaceAll(/<(style|script)\b[\s\S]*?<\/\1>/gi, ' '))
    expect(withoutComments(text), text).toBe(text.replaceAll(/<!--[\s\S]*?-->/g, ' '))
    expect(withoutTags(text, ' '), text).toBe(text.replaceAll(/<[^>]*>/g, ' '))
  }
})

test.each(['<', '<style', '<style <script ', '<!--', '<!-- <style>', '<style></script>'])('%s over and over', (piece) => {
  const text = piece.repeat(262_144 / piece.length)
  expect(withoutElements(text, 'style', 'script')).toBe(text)
  expect(withoutComments(text)).toBe(text)
  expect(withoutTags(text, ' ').replaceAll(' ', '')).toBe(piece.includes('>') ? '' : text.replaceAll(' ', ''))
})

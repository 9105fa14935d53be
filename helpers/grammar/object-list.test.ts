/** Lists of buckets and errors as services write them, and whatever else may come. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readObjectError, readObjectPage, readUploads } from './object-list.ts'

const entry = (key: string, more = ''): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-20T02:31:00.000Z</LastModified><ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>434234</Size>${more}</Contents>`
const page = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>${inner}</ListBucketResult>\n`
const LAST = '<IsTruncated>false</IsTruncated>'

test('the example of the reference', () => {
  expect(readObjectPage(page(`${LAST}${entry('my-image.jpg', '<StorageClass>STANDARD</StorageClass>')}`))).toEqual({
    ok: true,
    value: { objects: [{ key: 'my-image.jpg', bytes: 434_234, modifiedAt: '2026-11-20T02:31:00.000Z', etag: '9b2cf535f27731c974343645a3985328' }] },
  })
})
test('an empty one, and one that goes on', () => {
  expect(readObjectPage(page(LAST))).toEqual({ ok: true, value: { objects: [] } })
  expect(readObjectPage(page('<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>'))).toEqual({
    ok: true,
    value: { objects: [], next: 'a&b=' },
  })
})
test.each<[string, string, string]>([
  ['entities', entry('a&amp;b&lt;&#228;&#x41;.sql'), 'a&b<äA.sql'],
  ['an encoded key', `<EncodingType>url</EncodingType>${entry('nightly/%C3%A4+b%2B.sql')}`, 'nightly/ä b+.sql'],
  ['a percent sign where nothing is encoded', entry('100%.sql'), '100%.sql'],
])('%s', (_name, inner, key) => {
  const read = readObjectPage(page(`${LAST}${inner}`))
  expect(read.ok ? read.value.objects[0]?.key : read.error).toBe(key)
})
test.each<[string, string]>([
  ['nothing', ''],
  ['a page of something else', '<html><body>ListBucketResult</body></html>'],
  ['an error', '<Error><Code>AccessDenied</Code></Error>'],
  ['a list that is cut off', page(`${LAST}${entry('a')}`).slice(0, -30)],
  ['no word on whether it goes on', page(entry('a'))],
  ['goes on, and nobody knows where', page('<IsTruncated>true</IsTruncated>')],
  ['a size that is none', page(`${LAST}${entry('a').replace('434234', '-1')}`)],
  ['a time that is none', page(`${LAST}${entry('a').replace('2026-11-20T02:31:00.000Z', 'yesterday')}`)],
  ['a key that is not encoded as it says', page(`${LAST}<EncodingType>url</EncodingType>${entry('%E4.sql')}`)],
  ['an entry that is cut off', page(`${LAST}${entry('a').replace('</Contents>', '')}`)],
  ['more entries than a page may have', page(`${LAST}${entry('a').repeat(10_001)}`)],
])('%s is no list', (_name, xml) => {
  expect(readObjectPage(xml).ok).toBe(false)
})
const uploads = (inner: string): string =>
  `<?xml version="1.0"?><ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListMultipartUploadsResult>`
const upload = (key: string, begun = '2010-11-10T20:48:33.000Z'): string =>
  `<Upload><Key>${key}</Key><UploadId>X</UploadId><Initiator><ID>1</ID></Initiator><Initiated>${begun}</Initiated></Upload>`
test('unfinished uploads', () => {
  expect(readUploads(uploads(''))).toEqual({ ok: true, value: [] })
  expect(readUploads(uploads(`<EncodingType>url</EncodingType>${upload('a%20b')}${upload('c+d')}`))).toEqual({
    ok: true,
    value: ['a b', 'c d'].map((key) => ({ key, begunAt: '2010-11-10T20:48:33.000Z' })),
  })
})
test.each<[string, string]>([
  ['nothing', ''],
  ['another list', page(LAST)],
  ['cut off', uploads(upload('a')).slice(0, -40)],
  ['an upload that is cut off', uploads('<Upload><Key>a</Key>')],
  ['no key', uploads('<Upload><Initiated>2010-11-10T20:48:33.000Z</Initiated></Upload>')],
  ['no time', uploads('<Upload><Key>a</Key></Upload>')],
  ['a time that is none', uploads(upload('a', 'yesterday'))],
  ['a key that is not encoded', uploads(`<EncodingType>url</EncodingType>${upload('%zz')}`)],
])('no list of uploads: %s', (_, xml) => {
  expect(readUploads(xml)).toMatchObject({ ok: false })
})

test('errors', () => {
  expect(
    readObjectError('<?xml version="1.0"?><Error><Code>AuthorizationHeaderMalformed</Code><Message>a &lt;b&gt;</Message><Region>eu-west-1</Region></Error>'),
  ).toEqual({
    code: 'AuthorizationHeaderMalformed',
    message: 'a <b>',
    region: 'eu-west-1',
  })
  for (const text of ['', '<html>', '<Error></Error>', '<Error><Code>a b</Code></Error>', 'x'.repeat(65_536)]) expect(readObjectError(text)).toBeUndefined()
})
test('never throws', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.nat(300), (text, at) => {
      const good = page(`${LAST}${entry('a')}`)
      readObjectPage(good.slice(0, at) + text + good.slice(at))
      readObjectError(text)
    }),
  )
})

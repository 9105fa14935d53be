/** What the checks of uploads share: declared places as subjects, one look for all of them, how files are told. */
import type { Subject } from '../../helpers/check.ts'
import { type Sent, type Served, type UploadLook, uploadSession } from '../../helpers/probes/upload.ts'
import type { Probe } from '../../helpers/probe.ts'
import { curlFor, givenWord } from '../../helpers/reproduce.ts'
import type { Target } from '../../helpers/target.ts'
import type { UploadEntry } from '../../helpers/target/uploads.ts'
import { type Evidence, inconclusive, type Verdict } from '../../helpers/verdict.ts'

export const uploadOf = (subject: Subject): UploadEntry => subject.item as UploadEntry
const hostName = (target: Target, upload: UploadEntry): string => new URL(upload.url.replaceAll('{domain}', target.domain)).hostname

export const uploads =
  (keep: (upload: UploadEntry) => boolean = () => true) =>
  (target: Target): readonly Subject[] =>
    (target.file.uploads ?? []).filter(keep).map((upload) => {
      const host = target.hosts.find(({ fqdn }) => fqdn === hostName(target, upload))
      return { name: upload.id, ...(host === undefined ? {} : { host }), item: upload }
    })
export const notDeclared = { skip: 'not-declared', reason: 'the target declares no uploads' } as const

export const lookAt = (subject: Subject, target: Target): Probe<UploadLook> => uploadSession(uploadOf(subject), hostName(target, uploadOf(subject)), target)

export const succeeded = (subject: Subject, sent: Sent | undefined): boolean =>
  sent?.status !== undefined && [uploadOf(subject).accepted ?? [200, 201, 202]].flat().includes(sent.status)

const answer = (sent: Sent): string =>
  sent.failure === undefined
    ? `${sent.status ?? 'no answer'} after ${Math.round(sent.ms)} ms${sent.id === undefined ? '' : `, id ${sent.id.slice(0, 80)}`}${sent.early ? `, when ${sent.sentBytes} bytes were sent` : ''}`
    : `${sent.failure.message} (${sent.failure.code})`
export const told = (look: UploadLook, sent: Sent, expected: string): Evidence => ({
  what: `${sent.what}: ${sent.fileName.slice(0, 80)} as ${sent.type}, ${sent.fileBytes} bytes${sent.chunked ? ', in chunks' : ''}`,
  expected,
  received: answer(sent),
  where: `${look.url}${sent.peer === undefined ? '' : ` (${sent.peer})`}`,
  at: sent.at,
})
export const toldServed = (what: string, served: Served, expected: string): Evidence => ({
  what,
  expected,
  received:
    served.failure === undefined
      ? `${served.status ?? 'no answer'}, ${served.bytes} bytes${served.same ? ', the same' : ', not the same'}; Content-Type ${served.type ?? 'absent'}${served.nosniff ? ', nosniff' : ''}${served.disposition === undefined ? '' : `, Content-Disposition ${served.disposition}`}`
      : `${served.failure.message} (${served.failure.code})`,
  where: served.url,
})
/** What is taken gets an id; an answer of success without one, where the allowed file got one, refuses in its body. */
export const refusedInWords = (look: UploadLook, sent: Sent): boolean => look.allowed.id !== undefined && sent.id === undefined && sent.url === undefined
/** Where not even the simplest file is taken, nothing can be said of the others. */
export const blocked = (subject: Subject, look: UploadLook): Verdict | undefined =>
  succeeded(subject, look.allowed) ? undefined : inconclusive('unobserved', 'not even a small allowed file is taken', told(look, look.allowed, 'accepted'))
/** A limiter or a broken gateway answered. */
export const obstacle = ({ status }: { readonly status?: number | undefined }): boolean => status === 429 || status === 503

/** The smallest picture there is. */
const PICTURE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='
/** What the files of the lines below hold, made on the way: nobody has them at hand. */
const contentOf = (file: string, limit: number): string => {
  if (file.startsWith('page.html')) return "echo '<script>alert(1)</script>'"
  if (file.startsWith('large.bin')) return `head -c ${limit + 1} /dev/zero`
  if (file.startsWith('huge.bin')) return `head -c ${limit + 16 * 1024 * 1024} /dev/zero`
  return `echo ${PICTURE} | base64 -d`
}
/** @param signed with a token that the shell fills in */
export const show = (
  subject: Subject,
  target: Target,
  file = 'file.png',
  flags: readonly string[] = [],
  signed = uploadOf(subject).auth !== undefined,
): string => {
  const { url, field = 'file', fields = {}, method = 'POST' } = uploadOf(subject)
  // A limit of size is tried with a picture: otherwise its type would be refused first.
  const named = file.endsWith('.bin') ? 'filename=large.png;type=image/png' : file.includes(';') ? file.slice(file.indexOf(';') + 1) : `filename=${file}`
  const form = [...Object.entries(fields).map(([name, value]) => ['-F', `${name}=${value}`]), ['-F', `${field}=@-;${named}`]].flat()
  const line = curlFor(target, url.replaceAll('{domain}', target.domain), {
    method,
    flags: ['-sS', '-i', ...flags, ...form],
    headers: signed ? [['Authorization', 'Bearer {TOKEN}']] : [],
  }).replace('Bearer {TOKEN}', `Bearer '${givenWord('TOKEN', 'what signing in gave')}'`)
  return `${contentOf(file, uploadOf(subject).maxBytes ?? 1024 * 1024)} | ${line}`
}

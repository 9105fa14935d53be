/** The part of the target file about uploads. */
import { z } from 'zod'
import { signIn } from './act.ts'
import { status, text, webUrl } from './words.ts'

const TYPES = ['image/png', 'image/jpeg', 'image/gif', 'application/pdf', 'video/mp4', 'text/plain', 'text/csv'] as const

const upload = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'a short name in kebab-case')
    .meta({ description: 'short name, for the report' }),
  url: webUrl.meta({ description: 'where files are sent; {domain} is replaced by the domain' }),
  method: z.enum(['POST', 'PUT']).meta({ description: 'default POST' }).optional(),
  field: text('name of the file field; default file').optional(),
  fields: z.record(z.string(), z.string()).meta({ description: 'further fields of the form' }).optional(),
  auth: signIn.optional(),
  type: z.enum(TYPES).meta({ description: 'what is uploaded: a small valid file of this type is made; default image/png' }).optional(),
  types: z
    .array(z.string().regex(/^[a-z0-9.+-]+\/[a-z0-9.+*-]+$/, 'a media type such as image/png'))
    .min(1)
    .meta({ description: 'types that are allowed; any other must be refused' })
    .optional(),
  accepted: status.meta({ description: 'statuses of success; default 200, 201, 202' }).optional(),
  refused: status.meta({ description: 'statuses that refuse a type; default 400, 415, 422' }).optional(),
  maxBytes: z.int().min(1024).meta({ description: 'size of the largest file that is accepted' }).optional(),
  counts: z.enum(['file', 'body']).meta({ description: 'what maxBytes counts: the file (default) or the whole request, as proxies do' }).optional(),
  tryBytes: z.int().min(1024).max(4_000_000_000).meta({ description: 'most that is sent as one file to see that it passes; default 64 MiB' }).optional(),
  slowSeconds: z.number().positive().max(600).meta({ description: 'an upload that takes so long must pass; left out: not tried' }).optional(),
  idPath: text('JSON path of the id in the answer, such as $.id').optional(),
  urlPath: text('JSON path of the address of the file in the answer, such as $.url').optional(),
  download: webUrl.meta({ description: 'where a file is read; {id} is replaced' }).optional(),
  delete: z
    .strictObject({ url: webUrl, method: z.enum(['DELETE', 'POST']).meta({ description: 'default DELETE' }).optional() })
    .meta({ description: 'how a file is deleted; {id} is replaced. What the checks upload is removed by it' })
    .optional(),
})
export const uploads = z
  .array(upload)
  .min(1)
  .meta({ description: 'places where files are uploaded; judged by files of our own, with the consent `write`, which are deleted afterwards' })
export type UploadEntry = z.output<typeof upload>

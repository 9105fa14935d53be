/** Where backups lie and how they are locked: buckets by the S3 protocol, keys of age. */
import { z } from 'zod'
import { text, webUrl } from './words.ts'

const secretName = (what: string) =>
  z
    .string()
    .min(1)
    .meta({ description: `${what}: the name of an entry of secrets` })

/** Access to the bucket of an `s3://bucket/prefix` place. */
export const bucketSchema = z
  .strictObject({
    endpoint: webUrl.meta({ description: 'URL of the service: https://s3.eu-central-1.amazonaws.com, https://minio.example.com' }),
    region: z.string().min(1).meta({ description: 'region that requests are signed for; default us-east-1' }).optional(),
    pathStyle: z.boolean().meta({ description: 'the bucket stands in the path, not in the host name; default true except at amazonaws.com' }).optional(),
    accessKeyId: secretName('key id with the right to list and read'),
    secretAccessKey: secretName('its secret'),
    sessionToken: secretName('token of temporary credentials').optional(),
  })
  .meta({ description: 'how an s3://bucket/prefix is reached; reading rights are enough' })
export type BucketAccess = z.output<typeof bucketSchema>

/** How the files are locked; `required` is short for: any kind, and nobody looks inside. */
export const encryptionSchema = z.union([
  z.enum(['required', 'optional']),
  z.strictObject({
    kind: z.enum(['age']).meta({ description: 'age opens with `identity`; what gpg and openssl lock is recognised, not opened' }),
    required: z.boolean().meta({ description: 'every file must be locked; default true' }).optional(),
    identity: secretName('the private key (AGE-SECRET-KEY-…), as it is kept for recovery').optional(),
    passphrase: secretName('the passphrase, where files are locked with one').optional(),
  }),
])

/** A folder, or `s3://bucket/prefix` with `s3` beside it. */
export const place = (meta: string) => text(`${meta}, relative to this file; or s3://bucket/prefix`)

/** `s3://bucket/some/prefix` as bucket and prefix with its closing slash; undefined: a folder. */
export function bucketOf(dir: string): { readonly bucket: string; readonly prefix: string } | undefined {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(dir)
  if (match === null) return undefined
  const prefix = (match[2] ?? '').replace(/\/+$/, '')
  return { bucket: match[1] as string, prefix: prefix === '' ? '' : `${prefix}/` }
}

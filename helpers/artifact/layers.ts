/** The compression that may be around a backup. */
import type { Chunks } from './bytes.ts'
import { gunzipped, unzstd } from './decompress.ts'
import type { Layer, Reading } from './facts.ts'
import { unlz4 } from './lz4.ts'

/** What was compressed comes out; how it ended is in `result`. */
export const DECOMPRESSORS: Readonly<Record<Layer, (chunks: Chunks, result: { reading: Reading }) => AsyncGenerator<Buffer, void, undefined>>> = {
  gzip: gunzipped,
  lz4: unlz4,
  zstd: unzstd,
}

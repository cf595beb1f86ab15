// Packs what Vite has built, so that the gateway need not do it for every visitor. The pages stay
// as they are: the gateway puts a head into them.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

const dist = join(import.meta.dirname, '../dist');
/** Below so many bytes the gateway sends it as it is. */
const LEAST = 1024;

for (const name of readdirSync(dist, { recursive: true })) {
  if (!/\.(js|css|svg|webmanifest)$/.test(name)) continue;
  const plain = readFileSync(join(dist, name));
  if (plain.length <= LEAST) continue;
  const packed = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  if (packed.length < plain.length) writeFileSync(join(dist, `${name}.br`), packed);
}

import { canonicalVectors } from './canonical.ts';
import { codecVectors } from './codec.ts';
import { keyVectors } from './keys.ts';
import { merkleVectors, noteVectors, tileVectors } from './ledger.ts';
import { passkeyVectors } from './passkeys.ts';
import { permitVectors, receiptVectors, recordVectors, requestVectors } from './sealing.ts';

/** Every file of vectors by name, made anew. */
export async function buildVectors(): Promise<Record<string, unknown>> {
  return {
    'canonical.json': canonicalVectors(),
    'merkle.json': await merkleVectors(),
    'tiles.json': tileVectors(),
    'notes.json': await noteVectors(),
    'records.json': await recordVectors(),
    'requests.json': requestVectors(),
    'permits.json': await permitVectors(),
    'receipts.json': await receiptVectors(),
    'passkeys.json': await passkeyVectors(),
    'keys.json': await keyVectors(),
    'codec.json': await codecVectors(),
  };
}

export function vectorText(vectors: unknown): string {
  return `${JSON.stringify(vectors, null, 2)}\n`;
}

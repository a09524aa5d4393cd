/** The public keys of an archive, in the forms that verifiers take. Both are derived from the key history. */
import type { KeyHistory } from '../sealing/key-views.ts';
import { recordJwks } from './record-jwks.ts';

export function keyFiles(history: KeyHistory): { recordKeys: Uint8Array; logKey: Uint8Array } {
  const vkeys = history.keys
    .filter(({ use, revoked }) => use === 'log' && revoked === null)
    .map(({ key }) => `${String(key)}\n`)
    .reverse();
  return {
    recordKeys: Buffer.from(`${JSON.stringify({ keys: recordJwks(history) }, null, 2)}\n`, 'utf8'),
    logKey: Buffer.from(vkeys.join(''), 'utf8'),
  };
}

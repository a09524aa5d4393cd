/** Opens the keys of the folder it is given and prints which ones it found. */
import { openFileKeys } from '../../src/keys/index.ts';

const keys = await openFileKeys(process.argv[2] ?? '');
console.log(keys.attestation.kid, keys.codec[0].id, keys.forTenant('default').log.vkey);

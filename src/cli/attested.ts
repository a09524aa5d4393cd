/** Checks records of people's statements among verified receipts against the attestation keys that the key history proved. */
import { checkAttested } from '../evidence/index.ts';
import { nodeVerify } from '../keys/ed25519.ts';
import type { Trust } from '../sealing/index.ts';
import type { Held } from './evidence.ts';

interface Wrong {
  file: string;
  reason: string;
  detail: string;
}

/** The note on receipts whose attestation key none of the given files introduces. */
export const NOT_ATTESTED =
  'that the gateway attested who said so: give the --key-history of the log, which introduces its attestation keys';

/** Checks each record of a person's statement; `unchecked` where its key is not known. */
export async function checkAttestations(
  held: readonly Held[],
  trust: Trust,
): Promise<{ failed: Wrong[]; unchecked: boolean }> {
  const failed: Wrong[] = [];
  let unchecked = false;
  for (const { file, verified } of held) {
    const wrong = await checkAttested(verified.record, verified.index, trust, nodeVerify);
    if (wrong === 'unchecked') unchecked = true;
    else if (wrong !== null) failed.push({ file, reason: wrong.reason ?? wrong.code, detail: wrong.message });
  }
  return { failed, unchecked };
}

/** Records of what somebody said among verified receipts, each against the attestation keys that the key history proved. */
import { nodeVerify } from '../keys/ed25519.ts';
import { isEvidenceError } from '../ledger/index.ts';
import { isAttested, readPublicJwk, verifyAttested, type Trust } from '../sealing/index.ts';
import type { Held } from './evidence.ts';

interface Wrong {
  file: string;
  reason: string;
  detail: string;
}

/** Said of receipts whose attestation key nothing that was given introduces. */
export const NOT_ATTESTED =
  'that the gateway attested who decided: give the --key-history of the log, which introduces its attestation keys';

/** Checks each attestation whose key is known; `unchecked` where one is not. */
export async function checkAttested(
  held: readonly Held[],
  trust: Pick<Trust, 'attestationKeys'>,
): Promise<{ failed: Wrong[]; unchecked: boolean }> {
  const keys = (trust.attestationKeys ?? []).flatMap((key) => readPublicJwk(key) ?? []);
  const failed: Wrong[] = [];
  let unchecked = false;
  for (const { file, verified } of held) {
    const { record } = verified;
    if (!(record.type === 'decision' || 'body' in record) || !isAttested(record)) continue;
    try {
      await verifyAttested(record, keys, nodeVerify);
    } catch (error) {
      if (!isEvidenceError(error)) throw error;
      if (error.reason === 'attestation-key-unknown') unchecked = true;
      else failed.push({ file, reason: error.reason, detail: error.message });
    }
  }
  return { failed, unchecked };
}

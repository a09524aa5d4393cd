/** A codec server for Temporal's UI and command line: decrypts payloads for callers that may read them. */
import type { Payload } from '@temporalio/common';
import { CountersignError, DEFAULT_TENANT, isCountersignError } from '../contract/index.ts';
import { createViewingCodec } from '../keys/index.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { PayloadReading } from './types.ts';

/** Members that authorize: an encrypted start may hold an API key, and an answer a permit. A reader of the history gets neither. */
const SECRETS = ['token', 'permit', 'attestation'];
const HIDDEN = '[not shown]';

export function payloadReading(deps: Pick<GatewayDeps, 'keys'>): PayloadReading {
  const codec = createViewingCodec(deps.keys);
  return {
    async decodePayloads(caller, payloads) {
      // One key encrypts the histories of all tenants.
      if (caller.tenant !== DEFAULT_TENANT || !mayAudit(caller)) {
        throw new CountersignError(
          'forbidden',
          `only an auditor or an owner of the tenant \`${DEFAULT_TENANT}\` reads what Temporal keeps`,
        );
      }
      try {
        return (await codec.decode([...payloads])).map(withoutSecrets);
      } catch (error) {
        if (!isCountersignError(error)) throw error;
        throw new CountersignError('invalid-request', error.message);
      }
    },
    async encodePayloads(caller, payloads) {
      if (caller.tenant !== DEFAULT_TENANT || !isOwner(caller)) {
        throw new CountersignError('forbidden', `only an owner of the tenant \`${DEFAULT_TENANT}\` writes to Temporal`);
      }
      return codec.encode([...payloads]);
    },
  };
}

/** Null where it is no JSON. */
function textOf({ metadata, data }: Payload): string | null {
  const encoding = Buffer.from(metadata?.['encoding'] ?? []).toString();
  return encoding === 'json/plain' && data != null ? Buffer.from(data).toString() : null;
}

function withoutSecrets(payload: Payload): Payload {
  const text = textOf(payload);
  if (text === null || !SECRETS.some((name) => text.includes(name))) return payload;
  let hidden = false;
  const hide = (name: string, value: unknown): unknown => {
    if (!SECRETS.includes(name) || typeof value !== 'string') return value;
    hidden = true;
    return HIDDEN;
  };
  try {
    const redacted: unknown = JSON.parse(text, hide);
    return hidden ? { ...payload, data: Buffer.from(JSON.stringify(redacted)) } : payload;
  } catch {
    // Somebody wrote this unencrypted, and not as JSON. The history shows it to everybody already.
    return payload;
  }
}

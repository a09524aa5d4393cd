import * as sdk from '@open-policy-agent/opa-wasm';
import { fromBase64 } from '../../canonical/index.ts';
import type { ExternalEvaluator } from '../engines.ts';

/** The synchronous loader, which the SDK exports but does not declare. */
const { loadPolicySync } = (
  sdk as unknown as {
    default: { loadPolicySync(wasm: Uint8Array): { evaluate(input: unknown): unknown } };
  }
).default;

/**
 * Prepares an OPA policy compiled to WASM (`opa build -t wasm -e PACKAGE/RULE`). Its entrypoint sees `input.request` and
 * `input.now`, and must yield true or false; undefined, several results or anything else is an error.
 */
export function prepareOpa(base64: string): ExternalEvaluator {
  const loaded = loadPolicySync(fromBase64(base64));
  return ({ request, now }) => {
    const results = loaded.evaluate({ request, now });
    const only: unknown = Array.isArray(results) && results.length === 1 ? results[0] : undefined;
    const result = typeof only === 'object' && only !== null && 'result' in only ? only.result : undefined;
    if (typeof result !== 'boolean') throw new Error('the OPA policy yields neither true nor false');
    return result;
  };
}

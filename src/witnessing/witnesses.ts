/** Asks witnesses to cosign the tenants' checkpoints (C2SP tlog-witness). Nothing waits for it: no seal, and no other witness. */
import type { ApplicationFailure } from '@temporalio/activity';
import { nonRetryable } from '../engine/failure.ts';
import { fromBase64 } from '../canonical/index.ts';
import { nodeVerifyEd25519 } from '../keys/index.ts';
import { cosignatureOf, formatAddCheckpoint, isEvidenceError, parseVkey } from '../ledger/index.ts';
import type { LogReader } from '../sequencer/index.ts';
import type { LogHead, Store } from '../store/index.ts';
import type { EngineLog } from '../engine/deps.ts';

/** An independent party that checks that a log only grows. */
export interface Witness {
  /** C2SP vkey of its cosignatures (tlog-cosignature, version 1). */
  vkey: string;
  /** Its submission prefix. */
  url: string;
}

export interface WitnessDeps {
  store: Pick<Store, 'log' | 'witnessed'>;
  logReader: Pick<LogReader, 'consistency'>;
  log: EngineLog;
  now(): Date;
}

const TIMEOUT_MS = 15_000;
const ANSWER_MAX = 65_536;
/** A first try, one with the size that the witness named, and one for a head that moved meanwhile. */
const ATTEMPTS_MAX = 3;

const refused = (message: string): ApplicationFailure => nonRetryable(message, 'witness-refused');

/**
 * Asks one witness to cosign the newest checkpoint of a tenant, unless it has done so already.
 *
 * @returns the size that the witness has cosigned now; 0 for a log without entries
 * @throws Error to try again; a non-retryable `ApplicationFailure` when the witness refuses
 */
export async function cosignCheckpoint(deps: WitnessDeps, tenant: string, witness: Witness): Promise<number> {
  const { witnessed } = deps.store;
  let old = (await witnessed.lastSize(tenant, witness.vkey)) ?? 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const head = await deps.store.log.head(tenant);
    if (head === null || (old === head.size && attempt === 0)) return head?.size ?? 0;
    if (old > head.size) throw rolledBack(deps, tenant, witness, old, head.size);
    const answer = await ask(deps, tenant, witness, old, head);
    if ('seen' in answer) {
      old = answer.seen;
      continue;
    }
    const { line, signature } = await readCosignature(answer.text, head, witness);
    const at = new Date((signature.time ?? 0) * 1000).toISOString();
    const { size, checkpoint } = head;
    await witnessed.add({ tenant, size, witness: witness.vkey, checkpoint, line, at });
    return size;
  }
  throw new Error('the witness names another size at every try');
}

async function readCosignature(text: string, head: LogHead, witness: Witness): ReturnType<typeof cosignatureOf> {
  try {
    return await cosignatureOf(text, head.checkpoint, parseVkey(witness.vkey), nodeVerifyEd25519);
  } catch (error) {
    if (isEvidenceError(error)) throw refused(`what the witness answered is no cosignature: ${error.message}`);
    throw error;
  }
}

/** Asks once: a signed answer, or the size that the witness has seen (409). */
async function ask(
  deps: WitnessDeps,
  tenant: string,
  witness: Witness,
  old: number,
  head: LogHead,
): Promise<{ text: string } | { seen: number }> {
  const proof = await proofOf(deps, tenant, old, head.size);
  const url = `${witness.url.replace(/\/+$/, '')}/add-checkpoint`;
  const body = formatAddCheckpoint({ oldSize: old, proof, checkpoint: head.checkpoint });
  const { status, text } = await post(url, body);
  const where = { tenant, witness: parseVkey(witness.vkey).name, old, size: head.size };
  switch (status) {
    case 200:
      return { text };
    case 409: {
      const [, digits] = /^(0|[1-9][0-9]{0,15})\n$/.exec(text) ?? [];
      if (digits === undefined) throw refused('the witness answered 409 without the size that it has seen');
      return { seen: Number(digits) };
    }
    case 422:
      deps.log.error(where, 'the witness says that the log does not continue what it cosigned: was history rewritten?');
      throw refused('the witness says that the log does not continue what it cosigned');
    case 400:
    case 403:
    case 404:
      deps.log.error({ ...where, status }, 'the witness does not take this log; give its operator origin and vkey');
      throw refused(`the witness answered ${status}: it does not know this log, or not this key of it`);
    default:
      throw new Error(`the witness answered ${status}`);
  }
}

/** A log that starts from nothing needs no proof. */
async function proofOf(deps: WitnessDeps, tenant: string, from: number, to: number): Promise<Uint8Array[]> {
  if (from === 0 || from === to) return [];
  return (await deps.logReader.consistency(tenant, from, to)).map((hash) => fromBase64(hash));
}

function rolledBack(deps: WitnessDeps, tenant: string, witness: Witness, seen: number, size: number): Error {
  const { name } = parseVkey(witness.vkey);
  deps.log.error({ tenant, witness: name, seen, size }, 'the witness cosigned a longer log than this: was it cut off?');
  return refused(`the witness cosigned ${seen} entries, and the log has ${size}`);
}

async function post(url: string, body: string): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8', 'user-agent': 'countersign-witness/1' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, text: await readBodyUpTo(response) };
  } catch (cause) {
    throw new Error('the witness cannot be reached', { cause });
  }
}

async function readBodyUpTo(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > ANSWER_MAX) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

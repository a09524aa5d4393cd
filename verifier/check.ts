/** Checks receipts by texts alone: what the page is given, and nothing from elsewhere. No I/O, so that it runs wherever there is JavaScript. */
import { isCanonicalError, readSealed } from '../src/canonical/index.ts';
import { describeReceipt, findConflicts, NOT_PROVEN, receiptOf, type Held } from '../src/cli/evidence.ts';
import { isCountersignError } from '../src/contract/index.ts';
import { isEvidenceError, parseVkey } from '../src/ledger/index.ts';
import {
  followKeys,
  isAttested,
  nobleVerify,
  readPublicJwk,
  verifyAttested,
  verifyReceipt,
  type Trust,
} from '../src/sealing/index.ts';

/** A file as the reader chose it. */
export interface GivenFile {
  name: string;
  text: string;
}

export interface Line {
  file: string;
  valid: boolean;
  /** Sentences: what it proves, or why it does not hold. */
  says: string[];
}

export interface Report {
  /** True only when there was evidence and all of it holds. */
  valid: boolean;
  lines: Line[];
  /** Receipts that are each valid and contradict one another. */
  conflicts: string[];
  notProven: string[];
}

/** The keys cannot be used. It says nothing about any receipt. */
export class KeyFault extends Error {}

/** Sorts key files by their content: a JWKS of record keys, a vkey of the log, a key history. @throws KeyFault */
export async function readKeys(files: readonly GivenFile[]): Promise<Trust> {
  const recordKeys: unknown[] = [];
  const logKeys: string[] = [];
  let history: unknown;
  for (const { name, text } of files) {
    const lines = text.trim().split('\n');
    if (lines.every(isVkey)) {
      logKeys.push(...lines.map((line) => line.trim()));
      continue;
    }
    const value = jsonOf(name, text);
    if ((value as { kind?: unknown } | null)?.kind === 'countersign.keys/v1') {
      history = value;
      continue;
    }
    const listed = (value as { keys?: unknown } | null)?.keys;
    const keys: unknown[] = Array.isArray(listed) ? listed : [value];
    if (keys.length === 0 || keys.some((key) => readPublicJwk(key) === null)) {
      throw new KeyFault(`${name} holds no record keys: give record-keys.jwks.json, log.vkey and key-history.json`);
    }
    recordKeys.push(...keys);
  }
  if (recordKeys.length === 0) throw new KeyFault('give the record keys: record-keys.jwks.json');
  if (logKeys.length === 0) throw new KeyFault('give the log’s key: log.vkey');
  const trust: Trust = { recordKeys, logKeys };
  if (history === undefined) return trust;
  try {
    return (await followKeys(trust, history, { verify: nobleVerify })).trust;
  } catch (error) {
    if (isEvidenceError(error) || isCountersignError(error))
      throw new KeyFault(`the key history does not hold: ${error.message}`);
    throw error;
  }
}

function isVkey(line: string): boolean {
  try {
    parseVkey(line.trim());
    return true;
  } catch {
    return false;
  }
}

function jsonOf(name: string, text: string): unknown {
  try {
    return readSealed(text);
  } catch {
    throw new KeyFault(`${name} is no JSON, and no vkey`);
  }
}

/** Checks each receipt under these keys, then all of them together. */
export async function checkReceipts(files: readonly GivenFile[], trust: Trust): Promise<Report> {
  const attestationKeys = (trust.attestationKeys ?? []).flatMap((key) => readPublicJwk(key) ?? []);
  const held: Held[] = [];
  const lines: Line[] = [];
  let unattested = false;
  for (const { name, text } of files) {
    try {
      const receipt = receiptOf(readSealed(text));
      const verified = await verifyReceipt(receipt, trust);
      const { record } = verified;
      if ((record.type === 'decision' || 'body' in record) && isAttested(record)) {
        if (attestationKeys.length === 0) unattested = true;
        else await verifyAttested(record, attestationKeys, nobleVerify);
      }
      held.push({ file: name, verified, checkpoint: (receipt as { log: { checkpoint: string } }).log.checkpoint });
      lines.push({ file: name, valid: true, says: describeReceipt(verified) });
    } catch (error) {
      if (isEvidenceError(error)) lines.push({ file: name, valid: false, says: [`${error.reason}: ${error.message}`] });
      else if (isCanonicalError(error))
        lines.push({ file: name, valid: false, says: [`receipt-malformed: it is not I-JSON: ${error.message}`] });
      else throw error;
    }
  }
  const conflicts = findConflicts(held);
  return {
    valid: lines.length > 0 && lines.every(({ valid }) => valid) && conflicts.length === 0,
    lines,
    conflicts,
    notProven: [
      `Not proven: ${NOT_PROVEN}`,
      ...(unattested ? ['Not proven: that the gateway attested who said so; give key-history.json as well.'] : []),
    ],
  };
}

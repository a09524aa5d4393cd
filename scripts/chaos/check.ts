/** Afterwards, from outside: what was promised is so. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { GREEDY, type Asked } from './load.ts';

/** Ends of an action whose executor reported, or that a no ended. */
const ENDED = ['executed', 'failed', 'refused', 'expired', 'cancelled', 'lapsed', 'unreported'];
/** Until everything that was decided has ended. */
const PATIENCE_MS = 120_000;

/** How often one look is tried. */
const LOOKS = 30;

interface StoredAction {
  status: string;
  records: string[];
  verdict: { decision: string } | null;
}

export interface CheckOptions {
  url: string;
  key: string;
  asked: readonly Asked[];
  /** Of {@link GREEDY}, in hundredths. */
  limit: number;
  /** A file with the checkpoint of the beginning. */
  auditState: string;
}

/** @returns everything that is wrong */
export async function check({ url, key, asked, limit, auditState }: CheckOptions): Promise<string[]> {
  const wrong: string[] = [];
  const get = async <T>(path: string): Promise<T> => {
    for (let left = LOOKS; ; left -= 1) {
      const response = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } }).catch(() => null);
      if (response?.ok === true) return (await response.json()) as T;
      if (left === 1) throw new Error(`${path} is answered ${response?.status ?? 'by nobody'}`);
      await sleep(1000);
    }
  };
  const greedy: Share[] = [];
  for (const { id, actor, amount, redeemedBy, status, from, to, decided } of asked) {
    const action = await untilEnded(() => get<StoredAction>(`/v1/actions/${id}`));
    if (action === null) {
      wrong.push(`${id} (answered ${status}) does not end`);
      continue;
    }
    const records = await Promise.all(
      action.records.map(async (hash) => (await get<{ record: SealedRecord }>(`/v1/records/${hash}`)).record),
    );
    const types = records.map(({ type, verdict }) =>
      type === 'verdict' ? `verdict ${verdict?.decision ?? ''}` : type,
    );
    wrong.push(...timesOf(id, records, { from, to, end: Date.now() }));
    if (decided !== null && !records.some(({ type, decision }) => type === 'decision' && decision === decided))
      wrong.push(`${id}: ${decided} was answered as counted, and no record says it`);
    const approving = types.includes('verdict approve') || (types.includes('decision') && types.includes('release'));
    if (redeemedBy.length > 0 && !approving)
      wrong.push(`${id} was redeemed, and nothing in ${types.join()} approves it`);
    if (types.filter((type) => type === 'redemption').length > 1) wrong.push(`${id} has two redemptions`);
    if (actor === GREEDY && types.includes('verdict approve')) greedy.push(...sharesOf(records, amount, action.status));
  }
  const most = heldAtMost(greedy);
  if (most > limit) wrong.push(`${GREEDY} held ${most / 100} at once, and its limit is ${limit / 100}`);
  const found = await audited(url, key, auditState);
  if (found !== null) wrong.push(`the audit found: ${found}`);
  return wrong;
}

interface Share {
  at: string;
  /** Less than nothing where it is given back. */
  amount: number;
}

/** What an action that was approved took of its limit, and gave back where nothing came of it. */
function sharesOf(records: readonly SealedRecord[], amount: number, status: string): Share[] {
  const [taken, ended] = [records[0]?.at ?? '', records.at(-1)?.at ?? ''];
  const back = ['lapsed', 'failed', 'cancelled'].includes(status);
  return [{ at: taken, amount }, ...(back ? [{ at: ended, amount: -amount }] : [])];
}

/** What is given back at the same moment counts first. */
function heldAtMost(shares: readonly Share[]): number {
  let [held, most] = [0, 0];
  for (const { amount } of shares.toSorted((a, b) => a.at.localeCompare(b.at) || a.amount - b.amount)) {
    held += amount;
    most = Math.max(most, held);
  }
  return most;
}

interface SealedRecord {
  type: string;
  at: string;
  verdict?: { decision: string };
  decision?: string;
  permit?: { expiresAt?: string };
}

/** How far the clocks of two processes may be apart before one of them is corrected. */
const CLOCKS_MS = 4000;

/** Sealed times are true, whatever the clock of a process said: by the caller's, which nothing happened to. */
function timesOf(
  id: string,
  records: readonly SealedRecord[],
  { from, to, end }: { from: number; to: number; end: number },
): string[] {
  const wrong: string[] = [];
  let before = from;
  for (const { type, at } of records) {
    const time = Date.parse(at);
    const latest = type === 'verdict' ? to : end;
    if (time < before - CLOCKS_MS || time > latest + CLOCKS_MS)
      wrong.push(`${id}: its ${type} is sealed at ${at}, and it was between ${iso(before)} and ${iso(latest)}`);
    before = Math.max(before, time);
  }
  const at = records.findIndex(({ type }) => type === 'redemption');
  const redeemed = records[at]?.at;
  // The newest before: a fresh permit takes the place of one that was not collected.
  const expires = records.slice(0, at + 1).findLast(({ type }) => type === 'release')?.permit?.expiresAt;
  if (expires !== undefined && redeemed !== undefined && redeemed >= expires)
    wrong.push(`${id} was redeemed at ${redeemed}, and its permit was good until ${expires}`);
  return wrong;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Messages of Slack that still offer what is over. */
export function promises(messages: readonly { blocks: unknown; text: string }[]): string[] {
  return messages.flatMap(({ blocks, text }) =>
    /"action_id":"(approve|refuse)/.test(JSON.stringify(blocks)) ? [`a message still asks: ${text.slice(0, 80)}`] : [],
  );
}

/** Null where it does not within the patience. */
async function untilEnded(look: () => Promise<StoredAction>): Promise<StoredAction | null> {
  for (const end = Date.now() + PATIENCE_MS; ;) {
    const action = await look();
    if (ENDED.includes(action.status)) return action;
    if (Date.now() > end) return null;
    await sleep(500);
  }
}

/** What the command says where it got no answer in time: no finding, and asked again as any caller does. */
const UNANSWERED = /nothing answers|no answer in time|503/;
const AUDIT_TRIES = 10;

/** Follows the log as an auditor does, from the checkpoint that it knows on. Null where all is well. */
export async function audited(url: string, key: string, state: string): Promise<string | null> {
  for (let left = AUDIT_TRIES; ; left -= 1) {
    const found = await audit(url, key, state);
    if (found === null || left === 1 || !UNANSWERED.test(found)) return found;
    await sleep(3000);
  }
}

function audit(url: string, key: string, state: string): Promise<string | null> {
  const args = ['bin/countersign.js', 'audit', '--url', url, '--state', state];
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], COUNTERSIGN_API_KEY: key };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve(error === null ? null : `${stdout}${stderr}`.trim().slice(0, 2000));
    });
  });
}

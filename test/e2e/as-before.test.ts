/** What the API of commit 23a97f5 answered to good inputs is answered so today: more may be said, and nothing of it is another. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askAll, type Answered } from '../golden/steps.ts';
import { policiesFolder } from '../support/policies.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

const golden = join(import.meta.dirname, '../golden');
const then = JSON.parse(readFileSync(join(golden, 'answers-then.json'), 'utf8')) as Answered[];

/** Answers that are others today, each with its reason; the changelog has them. */
const OTHERS: Readonly<Record<string, string>> = {
  // A body is JSON whatever its content type says.
  'no JSON /detail': 'the body is not JSON; send one JSON object',
};

let stack: TestStack;
let now: Answered[];
const folder = policiesFolder(
  Object.fromEntries(
    ['payments.refund.yaml', 'directory.yaml'].map((file) => [
      file,
      readFileSync(join(golden, 'policies', file), 'utf8'),
    ]),
  ),
);

beforeAll(async () => {
  stack = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
  const token = (person: string): Promise<string> => stack.person(person);
  now = await askAll({ url: stack.url, key: stack.stack.firstKey ?? '', token });
});
afterAll(async () => {
  await stack.stop();
  folder.remove();
});

type Row = Record<string, unknown>;

/** The cells of one line of a table. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');

/** Tables and lines as objects, so that a column or member more moves nothing. */
function read(body: unknown): unknown {
  if (!Array.isArray(body) || !body.every((line) => typeof line === 'string')) return body;
  const lines = body.filter((line) => line !== '');
  if (lines[0]?.startsWith('{') === true) return lines.map((line) => JSON.parse(line) as Row);
  const [header = [], ...rows] = lines.map(cellsOf);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i]])));
}

/** A redemption is a record of its own since. */
const isRedemption = (one: unknown): boolean => {
  const { type, record } = (one ?? {}) as { type?: unknown; record?: { type?: unknown } };
  return type === 'redemption' || record?.type === 'redemption';
};
/** Places in a log and in an action's records, the version of a record, and what is made of its bytes. */
const MOVED = new Set(['index', 'seq', 'v', 'payload', 'sig', 'checkpoint', 'inclusion']);

/** Where `is` does not say what `was` said. */
function differences(was: unknown, is: unknown, path = ''): string[] {
  if (Array.isArray(was)) {
    if (!Array.isArray(is)) return [path];
    const kept = path.endsWith('/records') || path === '' ? is.filter((one) => !isRedemption(one)) : is;
    // The hashes of an action's records: one more where it was redeemed.
    if (was.every((one) => one === '<hash>')) return kept.length >= was.length ? [] : [path];
    if (kept.length !== was.length) return [`${path} has ${kept.length} for ${was.length}`];
    return was.flatMap((one, i) => differences(one, kept[i], `${path}/${i}`));
  }
  if (typeof was === 'object' && was !== null) {
    if (typeof is !== 'object' || is === null) return [path];
    return Object.entries(was).flatMap(([name, value]) =>
      MOVED.has(name) ? [] : differences(value, (is as Row)[name], `${path}/${name}`),
    );
  }
  // Where nothing was said, something may be: the currency of each row, what an approver was shown. Never a permit.
  if ((was === null || was === '') && !path.endsWith('/permit')) return [];
  return was === is ? [] : [`${path}: ${JSON.stringify(was)} is ${JSON.stringify(is)}`];
}

it.each(then.map(({ step }, i) => [step, i] as const))('%s', (step, i) => {
  const [was, is] = [then[i], now[i]];
  expect([is?.step, is?.status]).toEqual([was?.step, was?.status]);
  const found = differences(read(was?.body), read(is?.body));
  expect(found.filter((path) => OTHERS[`${step} ${path.split(':')[0]}`] === undefined)).toEqual([]);
});

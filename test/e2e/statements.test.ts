/** A statement of the outside is compared with what was governed: whatever differs is named, and the result is sealed. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countersign } from '../cli/harness.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

const SURFACE = 'payments.refund';
const AUDITOR = 'user:auditor@acme.test';
let stack: SharedStack;
let folder: string;
let executed: { id: string; reference: string }[];
let refused: string;

beforeAll(async () => {
  stack = await sharedStack();
  folder = mkdtempSync(join(tmpdir(), 'countersign-statement-'));
  executed = [];
  for (const [at, amount] of [41, 42, 43, 44].entries()) {
    const { body } = await stack.ask(refund(amount));
    const reference = `re_${body.id.slice(4, 16)}_${at}`;
    await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
    const report = { permit: body.permit, status: 'executed', reference };
    expect((await stack.call('POST', `/v1/actions/${body.id}/outcome`, report)).status).toBe(200);
    executed.push({ id: body.id, reference });
  }
  refused = (await stack.ask(refund(5000))).body.action.id;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const MAPPING = { by: 'reference', key: 'Reference', amount: 'Amount', currency: 'Currency' } as const;
const table = (rows: readonly string[]): string => ['Reference,Amount,Currency,Note', ...rows].join('\r\n');

it('names what has no release, differs, comes twice or is missing, and nothing else', async () => {
  const token = await stack.person(AUDITOR);
  const [same, altered, doubled, missing] = executed;
  const rows = [
    `${same?.reference},41.00,USD,fine`,
    `${altered?.reference},"1,042.00",USD,more than was released`,
    `${doubled?.reference},43,USD,first`,
    `${doubled?.reference},43,USD,again`,
    're_unknown,10.00,USD,nobody asked',
    ',1.00,USD,empty',
  ];
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 3_600_000).toISOString();
  const input = { source: 'bank', file: 'june.csv', csv: table(rows), mapping: MAPPING, surface: SURFACE, from, to };
  const { status, body } = await stack.call('POST', '/v1/statements', input, { token });
  expect(status, JSON.stringify(body)).toBe(201);
  expect(body.counts).toMatchObject({ rows: 6, agreed: 2, ungoverned: 1, altered: 1, doubled: 1, unreadable: 1 });
  const named = body.issues.map(({ kind, line, action }: Record<string, unknown>) => [kind, line, action]);
  expect(named.slice(0, 4)).toEqual([
    ['unreadable', 7, null],
    ['altered', 3, altered?.id],
    ['doubled', 5, doubled?.id],
    ['ungoverned', 6, null],
  ]);
  expect(named).toContainEqual(['lacking', null, missing?.id]);
  expect(body.file.digest).toBe(`sha256:${createHash('sha256').update(input.csv).digest('hex')}`);
  const sealed = (await stack.call('GET', `/v1/records/${body.record}`, undefined, { token })).body;
  expect(sealed.record).toMatchObject({ type: 'statement', by: AUDITOR });
  expect(sealed.record.body).toMatchObject({
    source: 'bank',
    file: body.file,
    counts: body.counts,
    digest: body.digest,
  });
  const list = (await stack.call('GET', '/v1/statements', undefined, { token })).body;
  expect(list.statements[0]).toMatchObject({ source: 'bank', record: body.record, mapping: MAPPING });
});

it('remembers the columns of a source, and reads a file as it comes', async () => {
  const file = join(folder, 'july.csv');
  writeFileSync(file, table(executed.map(({ reference }, at) => `${reference},${41 + at}.00,USD,`)));
  const env = { COUNTERSIGN_API_KEY: await stack.person(AUDITOR) };
  const cli = (...args: string[]) => countersign(['statement', 'import', file, ...args, '--url', stack.url], { env });
  const first = await cli(
    '--source',
    'card processor',
    '--by',
    'reference',
    '--key',
    'reference',
    '--amount',
    'amount',
  );
  expect([first.code, first.err, first.out]).toEqual([0, '', expect.stringContaining('4 rows: 4 agree, 0 ungoverned')]);
  const again = await cli('--source', 'card processor', '--json');
  expect([again.code, (JSON.parse(again.out) as { mapping: object }).mapping]).toEqual([
    0,
    { by: 'reference', key: 'reference', amount: 'amount' },
  ]);
  const unknown = await cli('--source', 'another');
  expect([unknown.code, unknown.err]).toEqual([
    2,
    expect.stringContaining('nothing was imported from `another` before'),
  ]);
  const wrong = await cli('--source', 'cloud', '--by', 'action', '--key', 'Id');
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringContaining('the file has no column Id; it has `Reference`'),
  ]);
});

it('finds by the action itself, refused ones as what they are', async () => {
  const token = await stack.person(AUDITOR);
  const csv = `id\n${executed[0]?.id}\n${refused}\n`;
  const input = { source: 'trail', csv, mapping: { by: 'action', key: 'id' } };
  const { body } = await stack.call('POST', '/v1/statements', input, { token });
  expect(body.counts).toMatchObject({ rows: 2, agreed: 1, ungoverned: 1, lacking: 0 });
  expect(body.issues).toEqual([expect.objectContaining({ kind: 'ungoverned', action: refused })]);
});

it.each([
  [{ source: 'bank', csv: '', mapping: MAPPING }, 400],
  [{ source: 'bank', csv: 'x'.repeat(10), mapping: { by: 'colour', key: 'x' } }, 400],
  [{ source: '../bank', csv: 'x', mapping: MAPPING }, 400],
  [{ csv: 'x' }, 400],
])('is not compared by %j', async (input, expected) => {
  expect((await stack.call('POST', '/v1/statements', input, { token: await stack.person(AUDITOR) })).status).toBe(
    expected,
  );
});

it('is for auditors and owners', async () => {
  const token = await stack.person(LEAD);
  const input = { source: 'bank', csv: table([]), mapping: MAPPING };
  expect((await stack.call('POST', '/v1/statements', input, { token })).status).toBe(403);
  expect((await stack.call('GET', '/v1/statements', undefined, { token })).status).toBe(403);
});

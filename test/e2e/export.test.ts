/** An auditor takes evidence away, on the real stack: CSV, JSON lines and a bundle that is verified and audited offline. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashOf } from '../../src/canonical/index.ts';
import type { JsonObject, RecordPayload } from '../../src/contract/index.ts';
import { exportBodyOf } from '../../src/export/index.ts';
import { countersign } from '../cli/harness.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

const AUDITOR = 'user:auditor@acme.test';

let stack: TestStack;
let folder: string;
let owner: string;
const actions: { refused: string; approved: string; executed: string } = { refused: '', approved: '', executed: '' };

interface Line {
  index: number;
  hash: string;
  last?: boolean;
  record: RecordPayload;
}
const parse = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const get = async (query: string, token: string): Promise<Response> =>
  fetch(`${stack.url}/v1/export?${query}`, { headers: { authorization: `Bearer ${token}` } });

const keys = (): string[] => ['--key', join(folder, 'record-keys.jwks.json'), '--log-key', join(folder, 'log.vkey')];

beforeAll(async () => {
  stack = await startTestStack();
  owner = stack.stack.firstKey ?? '';
  folder = mkdtempSync(join(tmpdir(), 'countersign-export-test-'));
  const executed = await stack.ask(refund(42.5));
  await stack.call('POST', '/v1/permits/redeem', { permit: executed.body.permit });
  await stack.call('POST', `/v1/actions/${executed.body.id}/outcome`, {
    permit: executed.body.permit,
    status: 'executed',
    reference: '=cmd|calc',
  });
  const parked = await stack.ask(refund(420.5));
  await stack.call(
    'POST',
    `/v1/actions/${parked.body.id}/decisions`,
    { decision: 'approve', reason: '=HYPERLINK("http://evil.test") <script>alert(1)</script>' },
    { token: await stack.person(LEAD) },
  );
  const refused = await stack.ask(refund(5000), { key: 'too-much' });
  expect(refused.status).toBe(403);
  const found = await stack.call('GET', '/v1/records?decision=refuse&surface=payments.refund');
  Object.assign(actions, {
    executed: executed.body.id,
    approved: parked.body.id,
    refused: found.body.records[0].record.action,
  });
  const exported = await countersign(['keys', 'export', '--url', stack.url, '--out', folder]);
  expect(exported.code, exported.err).toBe(0);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await stack.stop();
});

describe('GET /v1/export', () => {
  it('gives an auditor every record as JSON lines, and seals that it did before the first byte', async () => {
    const response = await get('format=jsonl', await stack.person(AUDITOR));
    expect(response.status).toBe(200);
    const lines = parse(await response.text());
    expect(lines.map(({ index }) => index)).toEqual(lines.map((_, i) => i));
    const record = await stack.call('GET', `/v1/records/${response.headers.get('countersign-receipt') ?? ''}`);
    expect(record.body.record).toMatchObject({ type: 'export', by: AUDITOR });
    expect(exportBodyOf(record.body.record)).toMatchObject({ format: 'jsonl', filter: {}, records: lines.length });
    expect(record.body.index).toBe(lines.length);
  });

  it('gives CSV that no spreadsheet runs', async () => {
    const response = await get(`format=csv&action=${actions.approved}`, owner);
    const text = await response.text();
    expect(response.headers.get('content-type')).toContain('text/csv');
    expect(text).toContain('420.5');
    expect(text).toContain(`"'=HYPERLINK(""http://evil.test"")`);
    expect(text.split('\r\n')).toHaveLength(5);
  });

  it('is a file that is named after what it holds', async () => {
    const [records, archive] = [await get('format=jsonl', owner), await get('format=bundle', owner)];
    expect(records.headers.get('content-disposition')).toMatch(/"countersign-default-records-\w+\.jsonl"/);
    expect(archive.headers.get('content-disposition')).toMatch(/"countersign-default-evidence-\w+\.tar\.gz"/);
    await Promise.all([records.text(), archive.arrayBuffer()]);
  });

  it('filters as the list of records does', async () => {
    const lines = parse(await (await get('format=jsonl&decision=refuse&surface=payments.refund', owner)).text());
    expect(lines.map(({ record }) => record.action)).toEqual([actions.refused]);
  });

  it.each([
    ['format=pdf', 400],
    ['from=yesterday', 400],
    ['desicion=refuse', 400],
  ])('%s is %i', async (query, status) => {
    expect((await get(query, owner)).status).toBe(status);
  });

  it('is for auditors and owners, and nothing is sealed for others', async () => {
    const key = await stack.call('POST', '/v1/api-keys', { surfaces: ['payments.*'], actors: ['agent:support-bot'] });
    const before = (await stack.call('GET', '/v1/records?type=export')).body.records.length;
    for (const token of [key.body.key, await stack.person(LEAD)]) expect((await get('', token)).status).toBe(403);
    expect((await get('', 'nonsense')).status).toBe(401);
    expect((await stack.call('GET', '/v1/records?type=export')).body.records).toHaveLength(before);
  });
});

describe('a bundle', () => {
  it('of the whole log verifies as it is, and audits when it is unpacked', async () => {
    const file = join(folder, 'whole.tar.gz');
    const made = await countersign(['export', '--format', 'bundle', '--out', file, '--url', stack.url, '--json'], {
      env: { COUNTERSIGN_API_KEY: owner },
    });
    expect(made.code, made.err).toBe(0);
    const verified = await countersign(['verify', file, ...keys()]);
    expect(verified.code, verified.out + verified.err).toBe(0);
    expect(verified.out).toContain('nothing was altered, removed or added');
    const unpacked = join(folder, 'whole');
    mkdirSync(unpacked);
    execFileSync('tar', ['-xzf', file, '-C', unpacked]);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: unpacked });
    expect((await countersign(['verify', unpacked, ...keys()])).code).toBe(0);
    const audited = await countersign(['audit', '--bundle', unpacked, ...keys()]);
    expect(audited.code, audited.out).toBe(0);
    const report = readFileSync(join(unpacked, 'report.html'), 'utf8');
    expect(report).toContain('420.50 USD');
    expect(report).not.toMatch(/<script/);
    expect(report).toContain('&lt;script&gt;alert(1)');
  });

  it.each([
    ['a decision', () => 'decision=refuse&surface=payments.refund', 1],
    ['an approver', () => `approver=${encodeURIComponent(LEAD)}`, 3],
    ['a time', () => 'from=2000-01-01T00:00:00Z&to=2001-01-01T00:00:00Z', 0],
    ['text', () => 'q=HYPERLINK', 3],
  ])('by %s holds whole actions, and verifies', async (_, query, records) => {
    const response = await get(`format=bundle&${query()}`, await stack.person(AUDITOR));
    expect(response.status).toBe(200);
    const file = join(folder, 'filtered.tar.gz');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    const verified = await countersign(['verify', file, ...keys(), '--json']);
    expect(verified.code, verified.out).toBe(0);
    expect(JSON.parse(verified.out)).toMatchObject({ valid: true, bundles: [{ records }] });
  });

  it('made after keys were rotated verifies with the keys of before', async () => {
    for (const use of ['record', 'log']) {
      const rotated = await stack.call('POST', '/v1/signing-keys', { use, reason: 'yearly' });
      expect(rotated.status, JSON.stringify(rotated.body)).toBe(201);
    }
    expect((await stack.ask(refund(10))).status).toBe(200);
    const file = join(folder, 'rotated.tar.gz');
    const made = await countersign(['export', '--out', file, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: owner },
    });
    expect(made.code, made.err).toBe(0);
    const verified = await countersign(['verify', file, ...keys()]);
    expect(verified.code, verified.out).toBe(0);
  });

  it('goes to standard output where it is asked to, and says what it did as JSON', async () => {
    const env = { COUNTERSIGN_API_KEY: owner };
    const out = await countersign(
      ['export', '--format', 'jsonl', '--out', '-', '--type', 'outcome', '--url', stack.url],
      { env },
    );
    expect(parse(out.out).map(({ record }) => record.type)).toEqual(['outcome']);
    const file = join(folder, 'some.csv');
    const json = await countersign(['export', '--format', 'csv', '--out', file, '--url', stack.url, '--json'], { env });
    expect(JSON.parse(json.out)).toMatchObject({ file, format: 'csv', bytes: readFileSync(file).length });
    const forbidden = await countersign(['export', '--out', file, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: await stack.person(LEAD) },
    });
    expect(forbidden.code).toBe(3);
    expect((await countersign(['export', '--format', 'pdf', '--url', stack.url], { env })).code).toBe(2);
  });

  it('of one action holds all of it and nothing else, and its refusal verifies like anything', async () => {
    const response = await get(`format=bundle&action=${actions.refused}`, owner);
    const file = join(folder, 'refused.tar.gz');
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
    const names = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).trim().split('\n');
    expect(names.filter((name) => name.startsWith('receipts/'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('log/'))).toEqual(['log/checkpoint']);
    const verified = await countersign(['verify', file, ...keys()]);
    expect(verified.code, verified.out).toBe(0);
  });
});

describe('--everything', () => {
  const leave = (out: string, more: string[] = []) =>
    countersign(['export', '--everything', '--out', out, '--url', stack.url, ...more], {
      env: { COUNTERSIGN_API_KEY: owner },
    });

  it('is a folder that proves itself, and lists all that there was', async () => {
    await stack.call('POST', '/v1/freezes', { scope: 'surface', value: 'deploy.prod', reason: 'we are moving' });
    const out = join(folder, 'everything');
    const left = await leave(out);
    expect(left.code, left.err).toBe(0);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: out });
    const verified = await countersign(['verify', join(out, 'evidence.tar.gz'), ...keys()]);
    expect(verified.code, verified.out).toBe(0);
    const its = ['--key', join(out, 'keys/record-keys.jwks.json'), '--log-key', join(out, 'keys/log.vkey')];
    const history = ['--key-history', join(out, 'keys/key-history.json')];
    expect((await countersign(['verify', join(out, 'evidence.tar.gz'), ...its, ...history])).code).toBe(0);

    const lines = (file: string): Record<string, unknown>[] =>
      readFileSync(join(out, file), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const ids = lines('actions.jsonl').map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(Object.values(actions)));
    expect(lines('freezes.jsonl')).toMatchObject([{ scope: 'surface', value: 'deploy.prod' }]);
    const [activation] = lines('policies.jsonl');
    const bundle = String(activation?.['bundle']);
    const source = readFileSync(join(out, 'policies', `${bundle.slice(7)}.json`), 'utf8').trimEnd();
    expect(hashOf(JSON.parse(source) as JsonObject)).toBe(bundle);
    expect(readFileSync(join(out, 'api-keys.jsonl'), 'utf8')).not.toContain('csk_');
  });

  it('leaves nothing half done, and takes no filter', async () => {
    const out = join(folder, 'taken');
    mkdirSync(join(out, 'by-somebody'), { recursive: true });
    expect((await leave(out)).code).toBe(2);
    expect(existsSync(`${out}.part`)).toBe(false);
    expect((await leave(join(folder, 'filtered'), ['--surface', 'deploy.prod'])).code).toBe(2);
  });
});

describe('another deployment that runs', () => {
  it('takes everything in, serves and verifies it under its own keys, and grants nothing by it', async () => {
    const out = join(folder, 'for-another');
    const left = await countersign(['export', '--everything', '--out', out, '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: owner },
    });
    expect(left.code, left.err).toBe(0);
    const other = await startTestStack();
    try {
      const own = await other.ask(refund(42.5));
      const taken = await countersign(['import', out, '--name', 'before', '--data', other.dataDir, ...keys()]);
      expect(taken.code, taken.out + taken.err).toBe(0);
      const env = { COUNTERSIGN_URL: other.url, COUNTERSIGN_API_KEY: other.stack.firstKey ?? '' };

      // Logs: the one that came, under the keys that were pinned, and its own, under its own.
      const audited = await countersign(['audit', '--imported', 'before', ...keys()], { env });
      expect(audited.code, audited.out + audited.err).toBe(0);
      const served = await fetch(`${other.url}/log/imported.before/checkpoint`);
      expect(await served.text()).toMatch(/^countersign\/default\n/);
      const mine = join(folder, 'keys-of-another');
      expect((await countersign(['keys', 'export', '--out', mine], { env })).code).toBe(0);
      const itsKeys = ['--key', join(mine, 'record-keys.jwks.json'), '--log-key', join(mine, 'log.vkey')];
      expect((await countersign(['audit', ...itsKeys], { env })).code).toBe(0);
      expect((await countersign(['audit', '--imported', 'before', ...itsKeys], { env })).code).not.toBe(0);

      // Receipts and archives: with the keys of before, whoever serves them; and with no others.
      const { records } = (await stack.call('GET', `/v1/records?action=${actions.approved}&type=decision`)).body;
      const receipt = join(folder, 'before.receipt.json');
      writeFileSync(receipt, JSON.stringify((await stack.call('GET', `/v1/records/${records[0].hash}/receipt`)).body));
      const servedKeys = join(folder, 'served.jwks.json');
      writeFileSync(servedKeys, await (await fetch(`${other.url}/log/imported.before/jwks.json`)).text());
      const logKey = join(folder, 'served.vkey');
      writeFileSync(logKey, await (await fetch(`${other.url}/log/imported.before/vkey`)).text());
      const archive = join(other.dataDir, 'imported', 'before');
      const asServed = ['--key', servedKeys, '--log-key', logKey];
      for (const what of [receipt, archive, join(out, 'evidence.tar.gz')]) {
        for (const trusted of [keys(), asServed]) {
          const verified = await countersign(['verify', what, ...trusted]);
          expect(verified.code, verified.out).toBe(0);
        }
        expect((await countersign(['verify', what, ...itsKeys])).code).not.toBe(0);
      }

      // Its own actions go on as if nothing had come: what was released there opens nothing here.
      expect((await other.call('GET', `/v1/actions/${actions.approved}`)).status).toBe(404);
      const { body } = await stack.ask(refund(43.5));
      expect((await other.call('POST', '/v1/permits/redeem', { permit: body.permit })).status).not.toBe(200);
      expect((await other.call('POST', '/v1/permits/redeem', { permit: own.body.permit })).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

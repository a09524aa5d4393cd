/** Who reads the log: everybody its checkpoints, hashes and keys; its entries and receipts only who may. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyHash } from '../../src/identity/index.ts';
import { sealedCredentials } from '../../src/register/index.ts';
import { countersign } from '../cli/harness.ts';
import { onCluster } from '../support/not-on-cluster.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let released: string;
beforeAll(async () => {
  stack = await startTestStack();
  released = (await stack.ask(refund(20))).body.records[0];
});
afterAll(() => stack.stop());

async function sizeOf(): Promise<number> {
  return Number((await (await fetch(`${stack.url}/log/default/checkpoint`)).text()).split('\n')[1]);
}
const entriesPath = async (): Promise<string> => `/log/default/tile/entries/000.p/${await sizeOf()}`;
const get = (path: string, token: string | null) =>
  fetch(stack.url + path, token === null ? {} : { headers: { authorization: `Bearer ${token}` } });
const tokenFor = async (who: string, days = 7) =>
  (await stack.call('POST', '/v1/read-tokens', { for: who, days })).body;

describe('without a credential', () => {
  it.each(['checkpoint', 'vkey', 'jwks.json', 'keys.json'])('%s is for everybody', async (file) => {
    expect((await get(`/log/default/${file}`, null)).status).toBe(200);
  });

  it('hash tiles are for everybody, entries and receipts are not', async () => {
    expect((await get(`/log/default/tile/0/000.p/${await sizeOf()}`, null)).status).toBe(200);
    expect((await get(await entriesPath(), null)).status).toBe(401);
    expect((await get(`/v1/records/${released}/receipt`, null)).status).toBe(401);
  });

  // Opened within the process.
  it.skipIf(onCluster)('the owner of a log may open it, receipts with the entries', async () => {
    const { config } = stack.stack.parts;
    const keyed = (await stack.call('GET', `/v1/records/${released}/receipt`)).body;
    const before = config.log;
    config.log = 'public';
    try {
      const entries = await get(await entriesPath(), null);
      expect([entries.status, entries.headers.get('cache-control')]).toEqual([200, expect.stringMatching(/^public, /)]);
      const answer = await get(`/v1/records/${released}/receipt`, null);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ envelope: keyed.envelope, log: { index: keyed.log.index } });
      expect((await get(`/v1/records/sha256:${'0'.repeat(64)}/receipt`, null)).status).toBe(404);
      // A credential that does not count is no anonymous reader.
      expect((await get(`/v1/records/${released}/receipt`, 'csr_nobody_knows')).status).toBe(401);
      expect((await get(`/v1/records/${released}`, null)).status).toBe(401);
    } finally {
      config.log = before;
    }
  });
});

describe('entries', () => {
  it('are read by auditors and owners, and no proxy may keep them for others', async () => {
    const scoped = await stack.call('POST', '/v1/api-keys', {
      surfaces: ['payments.*'],
      actors: ['agent:support-bot'],
    });
    const path = await entriesPath();
    const answers: [string, number][] = [
      [stack.stack.firstKey ?? '', 200],
      [await stack.person('user:auditor@acme.test'), 200],
      [await stack.person(LEAD), 403],
      [scoped.body.key, 403],
      ['csr_nobody_knows', 401],
    ];
    for (const [token, status] of answers) {
      const answer = await get(path, token);
      expect(answer.status).toBe(status);
      if (status === 200) expect(answer.headers.get('cache-control')).toMatch(/^private, /);
    }
  });
});

describe('a read token', () => {
  it('reads entries and receipts, and does nothing else', async () => {
    const { token, expiresAt, id } = await tokenFor('Wilma of Witness Ltd', 1);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(86_400_000);
    expect((await get(await entriesPath(), token)).status).toBe(200);
    expect((await get(`/v1/records/${released}/receipt`, token)).status).toBe(200);
    for (const path of ['/v1/records', '/v1/freezes', '/v1/policies', '/v1/read-tokens', `/v1/records/${released}`]) {
      expect([path, (await get(path, token)).status]).toEqual([path, 403]);
    }
    const asked = await stack.ask(refund(21), { token });
    expect([asked.status, asked.body.code]).toEqual([403, 'forbidden']);
    const sealed = await stack.call('GET', `/v1/records?action=credential:${id}`);
    expect(sealed.body.records[0].record.body).toMatchObject({
      ...{ state: 'made', kind: 'reader', name: 'Wilma of Witness Ltd', expiresAt },
      ...{ surfaces: [], actors: [] },
    });
  });

  it('for some surfaces reads the records and receipts of those, and no entry of the log', async () => {
    const input = { for: 'the bank’s auditor', surfaces: ['payments.*'] };
    const { status, body } = await stack.call('POST', '/v1/read-tokens', input);
    expect([status, body.surfaces]).toEqual([201, ['payments.*']]);
    const { token, id } = body;
    const read = (path: string) => stack.call('GET', path, undefined, { token });
    const elsewhere = await stack.ask({ ...refund(20), surface: 'countersign.nothing' });
    const other = elsewhere.body.action.records[0] as string;
    const listed = (await read('/v1/records?limit=100')).body.records as { hash: string; record: object }[];
    expect(listed.map(({ hash }) => hash)).toContain(released);
    expect(listed.filter(({ record }) => !('surface' in record) || record.surface !== 'payments.refund')).toEqual([]);
    for (const path of [`/v1/records/${released}`, `/v1/records/${released}/receipt`]) {
      expect([path, (await read(path)).status]).toEqual([path, 200]);
      const outside = path.replace(released, other);
      expect([outside, (await read(outside)).status]).toEqual([outside, 404]);
    }
    const made = (await stack.call('GET', `/v1/records?action=credential:${id}`)).body.records[0];
    expect(made.record.body).toMatchObject({ kind: 'reader', surfaces: ['payments.*'], expiresAt: body.expiresAt });
    expect((await read(`/v1/records/${made.hash}/receipt`)).status).toBe(404);
    expect((await get(await entriesPath(), token)).status).toBe(403);
    for (const path of ['/v1/row-differences', '/v1/actions', '/v1/export?format=jsonl', '/v1/me', '/v1/read-tokens']) {
      expect([path, (await read(path)).status]).toEqual([path, 403]);
    }
    expect((await stack.ask(refund(21), { token })).status).toBe(403);
    const shown = (await stack.call('GET', '/v1/read-tokens')).body.tokens as { id: string; surfaces?: string[] }[];
    expect(shown.find((one) => one.id === id)?.surfaces).toEqual(['payments.*']);
    expect(shown.some((one) => one.surfaces === undefined)).toBe(true);
    expect((await stack.call('POST', '/v1/read-tokens', { for: 'me', surfaces: [] })).status).toBe(400);
    expect((await stack.call('POST', '/v1/scim-tokens', { for: 'me', surfaces: ['**'] })).status).toBe(400);
  });

  it('is made, listed and ended by owners only, and counts no more once it is revoked', async () => {
    const lead = { token: await stack.person(LEAD) };
    expect((await stack.call('POST', '/v1/read-tokens', { for: 'me' }, lead)).status).toBe(403);
    expect((await stack.call('GET', '/v1/read-tokens', undefined, lead)).status).toBe(403);
    const { token, id } = await tokenFor('somebody');
    expect(JSON.stringify((await stack.call('GET', '/v1/read-tokens')).body)).not.toContain(token);
    expect((await stack.call('DELETE', `/v1/read-tokens/${id}`)).status).toBe(204);
    expect((await get(await entriesPath(), token)).status).toBe(401);
    expect((await stack.call('DELETE', `/v1/read-tokens/${id}`)).status).toBe(404);
    expect((await stack.call('GET', '/v1/api-keys')).body.keys.map((key: { id: string }) => key.id)).not.toContain(id);
  });

  it('counts until its sealed time, and no longer, whatever its row says', async () => {
    const { token, expiresAt } = await tokenFor('Wilma of Witness Ltd', 1);
    const { store, register, keys } = stack.stack.parts;
    const at = (now: number) =>
      sealedCredentials({ store, register, keys, now: () => now }).findByHash(apiKeyHash(token));
    expect(await at(Date.parse(expiresAt) - 1)).toMatchObject({ kind: 'reader' });
    expect(await at(Date.parse(expiresAt))).toBeNull();
  });

  it.each([0, 93, 1.5])('is never made for %s days', async (days) => {
    expect((await stack.call('POST', '/v1/read-tokens', { for: 'me', days })).status).toBe(400);
  });

  it('audits, and without one the audit says what is missing', async () => {
    const made = await countersign(['read-token', 'create', '--for', 'an auditor', '--url', stack.url], {
      env: { COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
    });
    const audit = (env: Record<string, string>) =>
      countersign(['audit', '--url', stack.url, '--data', '/nowhere', '--json'], { env });
    const clean = await audit({ COUNTERSIGN_API_KEY: made.out.trim() });
    expect([clean.code, JSON.parse(clean.out).findings]).toEqual([0, []]);
    const without = await audit({});
    expect([without.code, without.err]).toEqual([1, expect.stringContaining('read token')]);
  });
});

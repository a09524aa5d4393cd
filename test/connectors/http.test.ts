import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectorsSchema, createConnectors, createSecrets } from '../../src/connectors/index.ts';
import { sendOnce } from '../../src/connectors/http/send.ts';
import type { ActionRequest, JsonObject } from '../../src/contract/index.ts';
import type { Connector, ConnectorAnswer } from '../../src/engine/connectors.ts';
import { freePort } from '../../src/store/free-port.ts';

const SECRET = 'Bearer planted-secret-9042';

interface Arrived {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
}

let server: Server;
let url: string;
const arrived: Arrived[] = [];
/** What the next requests are answered with; `hang up` ends the connection without a word. */
let answers: ({ status: number; body?: unknown; headers?: Record<string, string> } | 'hang up')[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      arrived.push({ method, path, headers, text: Buffer.concat(parts).toString('utf8') });
      const answer = answers.shift() ?? { status: 201, body: { id: 're_1' } };
      if (answer === 'hang up') return void request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  arrived.length = 0;
  answers = [];
});

const SETTINGS = {
  name: 'ledger-http',
  type: 'http',
  surfaces: ['payments.refund'],
  method: 'POST',
  headers: { authorization: '{secret:ledger}', 'x-actor': '{actor.id}' },
  secrets: { ledger: 'env:KEY' },
  body: { amount: '{params.amount:minor}', currency: '{params.currency}', note: '{params.note?}', tags: ['{action}'] },
  amount: 'params.amount',
  idempotency: { honoured: true },
  response: { reference: '/id', return: ['/id', '/echo'] },
  network: 'loopback',
  attempts: 3,
};

const settingsOf = (more: object = {}): object => ({
  ...SETTINGS,
  url: `${url}/v1/orders/{resource.id}/refunds?by={params.currency}`,
  ...more,
});

function connectorOf(more: object = {}): Connector {
  const { connectors } = connectorsSchema.parse({ connectors: [settingsOf(more)] });
  const found = createConnectors(connectors, createSecrets({ KEY: SECRET })).find('default', refund());
  if (found === null) throw new Error('the connector is not there');
  return found;
}

const refund = (params: JsonObject = {}, id = 'ord 1/2'): ActionRequest => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent' },
  resource: { type: 'order', id },
  params: { amount: 420.5, currency: 'USD', ...params },
  execution: { connector: 'ledger-http' },
});

interface Try {
  attempt?: number;
  before?: JsonObject | null;
  request?: ActionRequest;
}

async function executed(more: object = {}, { attempt = 1, before = null, request = refund() }: Try = {}) {
  const connector = connectorOf(more);
  const measured = await connector.measure(refund());
  if ('fault' in measured) throw new Error(measured.fault);
  const notes: JsonObject[] = [];
  const note = (one: JsonObject): Promise<void> => Promise.resolve(void notes.push(one));
  const answer: ConnectorAnswer = await connector.execute({
    ...{ request, fact: measured.fact, key: 'act_1', attempt, before, note },
  });
  return { answer, notes };
}

describe('what is sent', () => {
  it('is the released request, with the key and the secret, and every value in its place', async () => {
    const { answer, notes } = await executed();
    expect(answer).toEqual({
      status: 'executed',
      reference: 're_1',
      detail: 'the receiver answered 201',
      result: { status: 201, '/id': 're_1' },
    });
    expect(notes).toEqual([{ sent: true }]);
    expect(arrived).toMatchObject([
      {
        method: 'POST',
        path: '/v1/orders/ord%201%2F2/refunds?by=USD',
        headers: {
          authorization: SECRET,
          'idempotency-key': 'act_1',
          'x-actor': 'agent:support-bot',
          'content-type': 'application/json',
        },
      },
    ]);
    expect(JSON.parse(arrived[0]?.text ?? '')).toEqual({ amount: 42050, currency: 'USD', tags: ['refund.create'] });
  });

  it('may be a form', async () => {
    await executed({ encoding: 'form', body: { amount: '{params.amount}', note: 'a b' } });
    expect(arrived[0]?.text).toBe('amount=420.5&note=a+b');
  });

  it.each<[string, ActionRequest]>([
    ['no amount', refund({ amount: null })],
    ['an amount of nothing', refund({ amount: 0 })],
    ['an amount below zero', refund({ amount: -1 })],
    ['an amount that is no number', refund({ amount: 'all' })],
    ['an amount finer than its currency', refund({ amount: 1.005 })],
    ['a currency that is none', refund({ currency: 'gold' })],
    ['no resource', { ...refund(), resource: {} }],
    ['a way up in the address', refund({}, '..')],
    ['an object in the address', refund({ currency: { a: 1 } })],
    ['a name that is too long', refund({}, 'x'.repeat(600))],
  ])('%s is a fault before anything is asked or sent', async (_what, request) => {
    expect(await connectorOf().measure(request)).toEqual({ fault: expect.any(String) });
    expect((await executed({}, { request })).answer).toMatchObject({ status: 'failed' });
    expect(arrived).toEqual([]);
  });

  it('a header takes nothing that would end it', async () => {
    const request = { ...refund(), context: { folder: '/a\r\nx-evil: 1' } };
    expect(await connectorOf({ headers: { 'x-folder': '{context.folder}' } }).measure(request)).toHaveProperty('fault');
  });
});

describe('what an answer means', () => {
  it.each<[number, string]>([
    [200, 'executed'],
    [204, 'executed'],
    [400, 'failed'],
    [404, 'failed'],
    [408, 'again'],
    [409, 'again'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
    [301, 'unknown'],
    [302, 'unknown'],
    [303, 'unknown'],
    [307, 'failed'],
    [308, 'failed'],
  ])('%i is %s', async (status, want) => {
    answers = [{ status, headers: { location: `${url}/elsewhere` } }];
    expect((await executed()).answer.status).toBe(want);
    // A redirect is followed nowhere.
    expect(arrived).toHaveLength(1);
  });

  it('is what the owner says it is', async () => {
    answers = [{ status: 404 }, { status: 202 }];
    const rules = { response: { executed: [404], retry: ['2xx'] } };
    expect((await executed(rules)).answer.status).toBe('executed');
    expect((await executed(rules)).answer.status).toBe('again');
  });

  it('is unknown where nothing came back, unless the receiver does a key once', async () => {
    answers = ['hang up', 'hang up', 'hang up'];
    expect((await executed()).answer.status).toBe('again');
    expect((await executed({}, { attempt: 3 })).answer.status).toBe('unknown');
    expect((await executed({ idempotency: { honoured: false } })).answer.status).toBe('unknown');
  });

  it('nothing is sent again to a receiver that does a key twice', async () => {
    const { answer, notes } = await executed(
      { idempotency: { honoured: false } },
      { attempt: 2, before: { sent: true } },
    );
    expect(answer.status).toBe('unknown');
    expect([arrived, notes]).toEqual([[], []]);
  });

  it('what was never sent is failed in the end, and says so', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}/{resource.id}?a={params.amount}`;
    expect((await executed({ url: nobody })).answer.status).toBe('again');
    const { answer, notes } = await executed({ url: nobody }, { attempt: 3 });
    expect(answer).toMatchObject({ status: 'failed', detail: expect.stringContaining('never sent') });
    expect(notes).toEqual([{ sent: true }, { sent: false }]);
    expect((await executed({ url: nobody }, { attempt: 3, before: { sent: true } })).answer.status).toBe('unknown');
  });

  it('never gives a secret back, wherever the receiver puts it', async () => {
    answers = [{ status: 200, body: { id: SECRET, echo: [{ [SECRET]: `x ${SECRET}` }, 'planted-secret-9042'] } }];
    const { answer } = await executed();
    expect(answer.status).toBe('executed');
    expect(JSON.stringify(answer)).not.toContain('planted-secret');
  });

  it('a large or broken answer is read to its bound, and its status counts', async () => {
    answers = [{ status: 201, body: { id: 'x'.repeat(300_000) } }];
    expect((await executed()).answer).toMatchObject({
      status: 'executed',
      reference: 'http 201',
      result: { status: 201 },
    });
  });
});

describe('where it may connect to', () => {
  const to = (address: string, addresses?: string[], network: 'public' | 'loopback' | 'private' = 'public') =>
    sendOnce(
      { method: 'GET', url: new URL(address), headers: {}, body: '', network, timeoutMs: 5000 },
      addresses === undefined ? {} : { resolve: () => Promise.resolve(addresses) },
    );

  it.each<[string, string[]?]>([
    ['http://example.com/'],
    ['https://127.0.0.1/'],
    ['https://localhost/'],
    ['https://a.localhost/'],
    ['https://[::1]/'],
    ['https://[::ffff:127.0.0.1]/'],
    ['https://[::ffff:7f00:1]/'],
    ['https://0.0.0.0/'],
    ['https://0x7f.1/'],
    ['https://2130706433/'],
    ['https://017700000001/'],
    ['https://10.0.0.5/'],
    ['https://172.16.0.1/'],
    ['https://192.168.1.1/'],
    ['https://100.64.0.1/'],
    ['https://169.254.169.254/latest/meta-data'],
    ['https://100.100.100.200/'],
    ['https://168.63.129.16/'],
    ['https://[fd00:ec2::254]/'],
    ['https://[fe80::1]/'],
    ['https://[fc00::1]/'],
    ['https://[64:ff9b::7f00:1]/'],
    ['https://[2002:7f00:1::]/'],
    ['https://224.0.0.1/'],
    ['https://255.255.255.255/'],
    ['https://user:pass@example.com/'],
    ['ftp://example.com/'],
    ['https://rebinds.example/', ['127.0.0.1']],
    ['https://rebinds.example/', ['93.184.216.34', '10.0.0.1']],
    ['https://metadata.example/', ['169.254.169.254']],
    ['https://mapped.example/', ['::ffff:10.0.0.1']],
    ['https://nowhere.example/', []],
  ])('not to %s %j', async (address, addresses) => {
    expect(await to(address, addresses)).toMatchObject({ kind: 'unsent' });
  });

  it('to this machine where its settings say so, and to a private network by another word', async () => {
    expect(await to(`${url}/`, undefined, 'loopback')).toMatchObject({ kind: 'answered' });
    expect(await to('http://10.0.0.1/', undefined, 'loopback')).toMatchObject({ kind: 'unsent' });
    expect(await to('https://169.254.169.254/', undefined, 'private')).toMatchObject({ kind: 'unsent' });
  });
});

describe('settings', () => {
  it.each<[string, object]>([
    ['a host that a request would choose', { url: 'https://{params.host}/' }],
    ['a part of a host', { url: 'https://api.{params.host}.example/' }],
    ['a user in the address', { url: 'https://a:b@example.com/{params.amount}' }],
    ['a secret in the address', { url: 'https://example.com/{secret:ledger}/{params.amount}' }],
    ['a secret in the body', { body: { amount: '{params.amount}', key: '{secret:ledger}' } }],
    ['a secret that is written out', { secrets: { ledger: 'sk_live_123' } }],
    ['a secret that is not named', { headers: { authorization: '{secret:other}' } }],
    ['an amount that is not sent', { body: { currency: '{params.currency}' } }],
    ['an amount that may be left out', { body: { amount: '{params.amount?}' } }],
    ['a place that is none', { body: { amount: '{params.amount}', a: '{content.text}' } }],
    ['a brace alone', { body: { amount: '{params.amount}', a: '{' } }],
    ['a header of the connection', { headers: { host: 'example.com' } }],
    ['a surface that is none', { surfaces: ['Payments'] }],
    ['a member that is unknown', { verify: false }],
    ['no word about keys', { idempotency: {} }],
  ])('%s cannot be used', (_what, more) => {
    expect(connectorsSchema.safeParse({ connectors: [settingsOf(more)] }).success).toBe(false);
  });

  it('a connector serves its tenant, surfaces and actions only', () => {
    const { connectors } = connectorsSchema.parse({ connectors: [settingsOf({ actions: ['refund.create'] })] });
    const all = createConnectors(connectors, createSecrets({ KEY: SECRET }));
    expect(all.find('default', refund())).not.toBeNull();
    expect(all.find('other', refund())).toBeNull();
    expect(all.find('default', { ...refund(), surface: 'payments.payout' })).toBeNull();
    expect(all.find('default', { ...refund(), action: 'refund.cancel' })).toBeNull();
    expect(all.find('default', { ...refund(), execution: { connector: 'other' } })).toBeNull();
  });
});

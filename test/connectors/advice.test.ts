import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAdvisers, type AdviserSettings } from '../../src/connectors/index.ts';
import { freePort } from '../../src/store/free-port.ts';

const SECRET = `whsec_${Buffer.from('an adviser’s secret of enough bytes').toString('base64')}`;
let server: Server;
let url: string;
let arrived: { headers: IncomingHttpHeaders; text: string } | null = null;
let answer: { status: number; text: string; headers?: Record<string, string> } | 'silence' | 'drip' = {
  status: 200,
  text: '{}',
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      arrived = { headers: request.headers, text: Buffer.concat(parts).toString('utf8') };
      if (answer === 'silence') return;
      if (answer === 'drip') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"advice":"refuse"}');
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.text);
    });
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${port}/advice`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const adviser = (more: Partial<AdviserSettings> = {}): AdviserSettings => ({
  ...{ name: 'fraud', tenant: 'default', url, secret: SECRET, network: 'loopback' as const, timeoutMs: 20_000 },
  ...more,
});
const ask = (settings = adviser(), name = 'fraud', tenant = 'default') =>
  createAdvisers([settings], () => []).ask(tenant, name, { messageId: 'act_1.advice', body: { type: 'advice.asked' } });

const OTHER = `whsec_${Buffer.from('a secret that nobody gave to anybody').toString('base64')}`;
const signed = (text: string, secret: string): Record<string, string> => {
  const [id, at] = ['msg_answer', new Date()];
  const signature = new Webhook(secret).sign(id, at, text);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': signature,
  };
};

describe('an adviser', () => {
  it('is asked with a Standard Webhook', async () => {
    answer = { status: 200, text: JSON.stringify({ advice: 'stage', reason: '  odd\n hour\u0007 ', score: 0.9 }) };
    expect(await ask()).toEqual({ answer: 'stage', reason: 'odd hour', why: null });
    expect(new Webhook(SECRET).verify(arrived?.text ?? '', arrived?.headers as Record<string, string>)).toEqual({
      type: 'advice.asked',
    });
    expect(arrived?.headers['webhook-id']).toBe('act_1.advice');
  });

  it.each<[string, typeof answer, string]>([
    ['an error', { status: 500, text: '{"advice":"refuse"}' }, 'it answered 500'],
    ['a redirect', { status: 302, text: '', headers: { location: 'http://169.254.169.254/' } }, 'it answered 302'],
    ['no JSON', { status: 200, text: '<html>' }, 'its answer is no advice'],
    ['a word that is none', { status: 200, text: '{"advice":"approve"}' }, 'its answer is no advice'],
    ['a list', { status: 200, text: '[]' }, 'its answer is no advice'],
    ['far too much', { status: 200, text: `{"advice":"refuse"}${' '.repeat(200_000)}` }, 'its answer is too long'],
    ['that we signed wrongly', { status: 401, text: '{"advice":"refuse"}' }, 'it answered 401'],
    [
      'with a signature of somebody else',
      { status: 200, text: '{"advice":"refuse"}', headers: signed('{"advice":"refuse"}', OTHER) },
      'its answer is signed by somebody else',
    ],
    [
      'with a signature of other words',
      { status: 200, text: '{"advice":"refuse"}', headers: signed('{"advice":"none"}', SECRET) },
      'its answer is signed by somebody else',
    ],
  ])('that answers %s advises nothing', async (_, said, why) => {
    answer = said;
    expect(await ask()).toEqual({ answer: null, reason: null, why });
  });

  it('may sign its answer as it was asked', async () => {
    const text = '{"advice":"refuse","reason":"a mule"}';
    answer = { status: 200, text, headers: signed(text, SECRET) };
    expect(await ask()).toEqual({ answer: 'refuse', reason: 'a mule', why: null });
  });

  it('whose answer never ends advises nothing', async () => {
    answer = 'drip';
    const { answer: said, why } = await ask(adviser({ timeoutMs: 1000 }));
    expect([said, why]).toEqual([null, expect.stringContaining('in time')]);
  });

  it('that is late, or not there, advises nothing', async () => {
    answer = 'silence';
    const late = { answer: null, reason: null, why: 'it did not answer in time' };
    expect(await ask(adviser({ timeoutMs: 200 }))).toEqual(late);
    expect(await ask(adviser({ url: `http://127.0.0.1:${await freePort()}/` }))).toEqual(late);
    expect(await ask(adviser({ network: 'public' }))).toEqual(late);
    const unknown = { answer: null, reason: null, why: 'it is not in the settings' };
    expect(await ask(adviser(), 'other')).toEqual(unknown);
    expect(await ask(adviser(), 'fraud', 'other')).toEqual(unknown);
  });
});

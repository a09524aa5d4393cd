import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ApplicationFailure } from '@temporalio/activity';
import type { WebhookSecret } from '../../src/engine/deps.ts';
import { createWebhookSender } from '../../src/notify/webhook-sender.ts';
import { faultOfAddresses, faultOfTarget, reachOf, type WebhookTargets } from '../../src/notify/webhook-target.ts';
import { readEndpoints } from '../../src/main/webhooks.ts';
import { openReceiver, verified, type Receiver } from '../support/receiver.ts';

const SECRET = Buffer.from('a secret of thirty-two bytes here').toString('base64');

describe('how far an address lies', () => {
  it.each([
    ['public', ['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fc00::1', 'fd12::1']],
    [
      'never',
      [
        '0.0.0.0',
        '169.254.169.254',
        '169.254.0.1',
        '192.0.2.1',
        '198.18.0.1',
        '224.0.0.1',
        '255.255.255.255',
        '100.100.100.200',
        '168.63.129.16',
        '::',
        'fe80::1',
        'fe80::1%eth0',
        'fd00:ec2::254',
        'ff02::1',
        '2001:db8::1',
        '2002:7f00:1::',
        '64:ff9b::7f00:1',
        '::7f00:1',
        '::ffff:a9fe:a9fe',
        '::ffff:a00:1',
        'localhost',
        '',
        '0x7f.1',
      ],
    ],
  ])('%s', (reach, addresses) => {
    expect(addresses.map((address) => [address, reachOf(address)])).toEqual(
      addresses.map((address) => [address, reach]),
    );
  });
});

describe('where a webhook may go', () => {
  it.each<[string, boolean, boolean, boolean]>([
    // URL, public, loopback, private
    ['https://hooks.example.com/x', true, true, true],
    ['https://8.8.8.8/', true, true, true],
    ['http://hooks.example.com/x', false, false, true],
    ['http://8.8.8.8/', false, false, false],
    ['http://127.0.0.1:9000/', false, true, true],
    ['https://localhost/', false, true, true],
    ['http://sub.localhost./', false, true, true],
    // What these are read as by every URL parser of a browser or of Node.
    ['http://2130706433/', false, true, true],
    ['http://0x7f.1/', false, true, true],
    ['http://[::1]/', false, true, true],
    ['https://10.1.2.3/', false, false, true],
    ['http://192.168.0.7/', false, false, true],
    ['https://169.254.169.254/latest/meta-data', false, false, false],
    ['https://[fd00:ec2::254]/', false, false, false],
    ['https://[::ffff:127.0.0.1]/', false, true, true],
    ['https://[::ffff:169.254.169.254]/', false, false, false],
    ['https://user:password@hooks.example.com/', false, false, false],
    ['ftp://hooks.example.com/', false, false, false],
  ])('%s', (url, ...allowed) => {
    const targets: WebhookTargets[] = ['public', 'loopback', 'private'];
    expect(targets.map((one) => faultOfTarget(new URL(url), one) === null)).toEqual(allowed);
  });

  it.each<[string, string[], WebhookTargets, boolean]>([
    ['https://a.example', ['8.8.8.8'], 'public', true],
    ['https://a.example', ['8.8.8.8', '10.0.0.1'], 'public', false],
    ['https://a.example', ['127.0.0.1'], 'public', false],
    ['https://a.example', ['169.254.169.254'], 'private', false],
    ['https://a.example', [], 'public', false],
    ['http://a.example', ['10.0.0.1'], 'private', true],
    ['http://a.example', ['8.8.8.8'], 'private', false],
  ])('%s leading to %j, %s', (url, addresses, targets, allowed) => {
    expect(faultOfAddresses(new URL(url), addresses, targets) === null).toBe(allowed);
  });
});

describe('a delivery', () => {
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await openReceiver();
  });
  afterAll(() => receiver.close());
  afterEach(() => {
    receiver.all.length = 0;
  });
  const sender = createWebhookSender({ secrets: () => [SECRET], targets: 'loopback' });
  const body = { type: 'action.released', timestamp: '2026-11-21T10:00:00.000Z', data: { note: 'größer' } };
  const send = (url = receiver.url, own?: WebhookSecret): Promise<void> =>
    sender.send({ url, messageId: 'msg_1', body, secret: own });
  const failure = (work: Promise<void>): Promise<unknown> =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  it('is signed as Standard Webhooks say, with the stack’s secret or the endpoint’s own', async () => {
    await send(`${receiver.url}/hooks?x=1`);
    const [message] = receiver.all;
    if (message === undefined) throw new Error('nothing came');
    expect(message).toMatchObject({ path: '/hooks?x=1', body, headers: { 'webhook-id': 'msg_1' } });
    expect(message.headers['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}=$/);
    expect(Math.abs(Number(message.headers['webhook-timestamp']) - Date.now() / 1000)).toBeLessThan(300);
    expect(verified(message, `whsec_${SECRET}`)).toEqual(body);
    const other = Buffer.from('another secret of thirty-two byte').toString('base64');
    expect(() => verified(message, other)).toThrow();
    expect(() => verified({ ...message, text: `${message.text} ` }, SECRET)).toThrow();

    await send(receiver.url, `whsec_${other}`);
    const second = receiver.all[1];
    expect(second && verified(second, other)).toEqual(body);

    // While a secret is replaced: whoever has either of them takes it.
    await send(receiver.url, [`whsec_${other}`, SECRET]);
    const both = receiver.all[2];
    if (both === undefined) throw new Error('nothing came');
    expect([verified(both, other), verified(both, SECRET)]).toEqual([body, body]);
    expect(() => verified(both, Buffer.from('a third secret of thirty-two byte').toString('base64'))).toThrow();
  });

  it('is a CloudEvent in structured mode where its receiver wants one, signed all the same', async () => {
    const data = { tenant: 'default', action: 'act_1', text: 'größer' };
    const event = { ...body, data };
    await sender.send({ url: receiver.url, messageId: 'msg_2', body: event, format: 'cloudevents' });
    const [message] = receiver.all;
    if (message === undefined) throw new Error('nothing came');
    expect(message.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(verified(message, SECRET)).toEqual({
      specversion: '1.0',
      id: 'msg_2',
      source: 'urn:countersign:default',
      type: 'dev.countersign.action.released',
      time: body.timestamp,
      subject: 'act_1',
      datacontenttype: 'application/json',
      data,
    });
  });

  it('fails, to be tried again, when the answer is not 2xx, and follows no redirect', async () => {
    const moved = { status: 302, location: `${receiver.url}/elsewhere` };
    receiver.answers.push({ status: 500 }, { status: 404 }, moved, { status: 204 });
    for (const status of [500, 404, 302]) {
      const error = await failure(send());
      expect(error).not.toBeInstanceOf(ApplicationFailure);
      expect(String(error)).toContain(`answered ${status}`);
    }
    expect(await failure(send())).toBeNull();
    expect(receiver.all.map(({ path }) => path)).toEqual(['/', '/', '/', '/']);
  });

  it('is given up when the receiver says it is gone, or the URL can never be used', async () => {
    receiver.answers.push({ status: 410 });
    const strict = createWebhookSender({ secrets: () => [SECRET], targets: 'public' });
    const errors = await Promise.all([
      failure(send()),
      failure(strict.send({ url: receiver.url, messageId: 'm', body })),
      failure(send('https://169.254.169.254/latest')),
    ]);
    for (const error of errors) expect(error).toMatchObject({ nonRetryable: true });
    expect(receiver.all).toHaveLength(1);
  });

  it('goes to the address that was checked, whatever the name leads to a moment later', async () => {
    const port = new URL(receiver.url).port;
    const asked: string[] = [];
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1', '169.254.169.254']];
    const rebinding = createWebhookSender({
      secrets: () => [SECRET],
      targets: 'private',
      resolve: (host) => {
        asked.push(host);
        return Promise.resolve(answers.shift() ?? []);
      },
    });
    const url = `http://rebind.example:${port}/`;
    await rebinding.send({ url, messageId: 'm', body });
    // The name does not exist: only the pinned address can have been connected to.
    expect(receiver.all[0]?.headers.host).toBe(`rebind.example:${port}`);
    expect(asked).toEqual(['rebind.example']);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await failure(rebinding.send({ url, messageId: 'm', body }))).toBeInstanceOf(Error);
    }
    expect(receiver.all).toHaveLength(1);
  });

  it('tells of a receiver that is not there without its address, which may hold a secret', async () => {
    const gone = await openReceiver();
    await gone.close();
    const error = String(await failure(send(`${gone.url}/T0/B0/very-secret`)));
    expect(error).toContain('ECONNREFUSED');
    expect(error).not.toContain('very-secret');
  });
});

describe('the settings file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'webhooks-'));
  const file = join(folder, 'webhooks.yaml');
  afterAll(() => rmSync(folder, { recursive: true }));
  const read = (text: string, targets: WebhookTargets = 'public') => {
    writeFileSync(file, text);
    return readEndpoints({ file, targets });
  };
  const secret = `whsec_${SECRET}`;

  it('is read with its defaults', () => {
    expect(readEndpoints({ file: undefined, targets: 'public' })).toEqual([]);
    expect(
      read(
        `webhooks:\n  - { name: pager, url: 'https://p.example', secret: ${secret}, events: [review.overdue], always: true }\n  - { name: teams, url: 'https://t.example' }\n`,
      ),
    ).toEqual([
      {
        name: 'pager',
        tenant: 'default',
        url: 'https://p.example',
        secret,
        events: ['review.overdue'],
        always: true,
        format: 'standard',
      },
      {
        name: 'teams',
        tenant: 'default',
        url: 'https://t.example',
        secret: undefined,
        events: null,
        always: false,
        format: 'standard',
      },
    ]);
  });

  it('takes several secrets while one is replaced', () => {
    const next = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;
    const [pager] = read(`webhooks:\n  - { name: pager, url: 'https://p.example', secret: [${next}, ${secret}] }\n`);
    expect(pager?.secret).toEqual([next, secret]);
  });

  it.each([
    ['no secret at all', `webhooks: [{ name: a, url: 'https://a.example', secret: [] }]`, /secret/],
    ['a short one of several', `webhooks: [{ name: a, url: 'https://a.example', secret: [${secret}, x] }]`, /secret/],
    ['no YAML', '{', /not YAML/],
    ['an unknown event', `webhooks: [{ name: a, url: 'https://a.example', events: [everything] }]`, /events/],
    ['a short secret', `webhooks: [{ name: a, url: 'https://a.example', secret: hunter2 }]`, /secret/],
    [
      'a name twice',
      `webhooks: [{ name: a, url: 'https://a.example' }, { name: a, url: 'https://b.example' }]`,
      /twice/,
    ],
    ['an address in our network', `webhooks: [{ name: a, url: 'https://10.0.0.1/x' }]`, /public address/],
  ])('is refused with %s, and no secret is repeated', (_what, text, why) => {
    const error = (() => {
      try {
        read(text);
        return null;
      } catch (caught) {
        return caught;
      }
    })();
    expect(error).toMatchObject({ code: 'configuration', message: expect.stringMatching(why) });
    expect(String(error)).not.toContain('hunter2');
  });
});

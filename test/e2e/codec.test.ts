/** The codec server, from the seats of Temporal's command line, of its UI in a browser, and of those it is not for. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/main/engine.ts';
import { onCluster } from '../support/not-on-cluster.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

const AUDITOR = 'user:auditor@acme.test';

let stack: SharedStack;
let workflowId: string;
beforeAll(async () => {
  stack = await sharedStack();
  const asked = await stack.ask(refund(42.5));
  workflowId = `action/default/${String(asked.body.id).slice('act_'.length)}`;
  const { permit } = asked.body as { permit: string };
  await stack.call('POST', '/v1/permits/redeem', { permit });
  await stack.call('POST', `/v1/actions/${asked.body.id}/outcome`, { permit, status: 'executed' });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const payloadOf = (value: unknown) => ({
  metadata: { encoding: base64('json/plain') },
  data: base64(JSON.stringify(value)),
});
const valueOf = ({ data }: { data: string }): unknown => JSON.parse(Buffer.from(data, 'base64').toString());

describe('the payloads of Temporal', () => {
  it('are shown by its command line to whoever may read them, without what authorizes', async () => {
    const show = async (...codec: string[]): Promise<string> => {
      const { address, namespace } = stack.stack.temporal;
      const where = ['--address', address, '--namespace', namespace, '--workflow-id', workflowId];
      const args = ['workflow', 'show', ...where, '--output', 'json', ...codec];
      const { stdout } = await promisify(execFile)(process.env['TEMPORAL_CLI_PATH'] ?? 'temporal', args);
      return [...stdout.matchAll(/"data": "([^"]*)"/g)]
        .map(([, data]) => Buffer.from(data ?? '', 'base64').toString())
        .join();
    };
    expect(await show()).not.toMatch(/payments|executed|eyJ/);
    const auth = ['--codec-auth', `Bearer ${await stack.person(AUDITOR)}`];
    // The workflow hears of the outcome after its caller did.
    const shown = await eventually('the workflow shows its verdict', async () => {
      const texts = await show('--codec-endpoint', `${stack.url}/codec`, ...auth);
      return texts.includes('"policy":"payments.refund"') ? texts : undefined;
    });
    expect(shown).toContain('[not shown]');
    expect(shown).not.toContain('eyJ');
  });

  it('hold a refusal of ours as its starter can read it, and no stack', async () => {
    const { parts, temporal } = stack.stack;
    const client = createClient(parts, temporal.connection, temporal.namespace);
    const handle = await client.workflow.start('governedAction', {
      ...{ workflowId: `action/default/${randomUUID()}`, taskQueue: 'countersign' },
      args: [{ request: refund(42.5), tenant: 'default', idempotencyKey: 'of another workflow', token: 'x' }],
    });
    const failed = await handle.result().then(
      () => null,
      (error: unknown) => (error as WorkflowFailedError).cause as ApplicationFailure,
    );
    expect(failed?.type).toBe('invalid-request');
    expect(failed?.message).not.toBe('Encoded failure');
    const { events } = await handle.fetchHistory();
    const failures = (events ?? []).flatMap(
      (event) =>
        event.markerRecordedEventAttributes?.failure ?? event.workflowExecutionFailedEventAttributes?.failure ?? [],
    );
    expect(failures.length).toBeGreaterThan(0);
    for (const { message, stackTrace, encodedAttributes } of failures) {
      expect([message, stackTrace, encodedAttributes ?? null]).toEqual([failed?.message, '', null]);
    }
  });

  it('come back encrypted for owners, and as they were; what is in clear is left alone', async () => {
    const clear = payloadOf({ amount: 42.5, note: 'zażółć' });
    const encoded = await stack.call('POST', '/codec/encode', { payloads: [clear] });
    expect(Buffer.from(encoded.body.payloads[0].metadata.encoding, 'base64').toString()).toBe('binary/encrypted');
    const payloads = [...encoded.body.payloads, clear];
    expect((await stack.call('POST', '/codec/decode', { payloads })).body).toEqual({ payloads: [clear, clear] });
  });

  it('do not show tokens, permits and attestations at any depth', async () => {
    const secret = {
      token: 'csk_x',
      action: { permit: 'eyJ', status: 'released' },
      list: [{ attestation: 'y' }],
      permit: null,
    };
    const { payloads } = (await stack.call('POST', '/codec/encode', { payloads: [payloadOf(secret)] })).body;
    const [shown] = (await stack.call('POST', '/codec/decode', { payloads })).body.payloads;
    expect(valueOf(shown)).toEqual({
      ...{ token: '[not shown]', action: { permit: '[not shown]', status: 'released' } },
      ...{ list: [{ attestation: '[not shown]' }], permit: null },
    });
  });

  it.each<[string, unknown]>([
    ['no payloads', { payloads: 'x' }],
    ['what is not base64', { payloads: [{ data: '%%%' }] }],
    [
      'a key that is not known',
      { payloads: [{ metadata: { encoding: base64('binary/encrypted') }, data: base64('x') }] },
    ],
  ])('%s is refused', async (_, body) => {
    expect(await stack.call('POST', '/codec/decode', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid-request' },
    });
  });

  it('are for the owner and auditors of the stack', async () => {
    const scoped = await stack.call('POST', '/v1/api-keys', {
      surfaces: ['payments.*'],
      actors: ['agent:support-bot'],
    });
    const other = await stack.call('POST', '/v1/tenants', { name: `codec-${randomUUID().slice(0, 8)}` });
    const seats: [string, string, number, number][] = [
      ['first key', stack.stack.firstKey ?? '', 200, 200],
      ['auditor', await stack.person(AUDITOR), 200, 403],
      ['approver', await stack.person(LEAD), 403, 403],
      ['scoped key', scoped.body.key as string, 403, 403],
      ['owner of another tenant', other.body.key as string, 403, 403],
      ['nobody', 'csk_nobody', 401, 401],
    ];
    for (const [who, token, decode, encode] of seats) {
      const payloads = [payloadOf('x')];
      expect((await stack.call('POST', '/codec/decode', { payloads }, { token })).status, who).toBe(decode);
      expect((await stack.call('POST', '/codec/encode', { payloads }, { token })).status, who).toBe(encode);
    }
  });
});

// A cluster's Temporal has no UI.
describe.skipIf(onCluster)('in a browser', () => {
  const ui = (): string => stack.stack.temporal.uiUrl ?? '';
  const ask = (origin: string, init: RequestInit = {}, path = 'decode') =>
    fetch(`${stack.url}/codec/${path}`, { method: 'POST', ...init, headers: { origin, ...(init.headers as object) } });
  const decode = { body: '{"payloads":[]}', headers: { 'content-type': 'application/json' } };

  it('pages of Temporal’s UI may ask, and no others', async () => {
    const preflight = await ask(ui(), { method: 'OPTIONS' });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': ui(),
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'authorization, content-type, x-namespace',
      vary: expect.stringContaining('Origin') as string,
    });
    // So that the page can show why it was refused.
    expect((await ask(ui(), decode)).headers.get('access-control-allow-origin')).toBe(ui());
    for (const origin of ['https://evil.example', `${ui()}.evil.example`, 'null']) {
      expect((await ask(origin, { method: 'OPTIONS' })).headers.get('access-control-allow-origin')).toBe(null);
    }
  });

  it('a person signs in, and the cookie serves no other page and no other path', async () => {
    expect(await (await fetch(`${stack.url}/codec`)).text()).toContain('/codec/session');
    const signIn = (token: string) => ask(stack.url, { body: new URLSearchParams({ token }) }, 'session');
    for (const [token, status] of [
      [stack.stack.firstKey ?? '', 403],
      [await stack.person(LEAD), 403],
      ['nonsense', 401],
      ['', 401],
    ] as const) {
      expect((await signIn(token)).status).toBe(status);
    }
    const cookie = (await signIn(await stack.person(AUDITOR))).headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/codec; HttpOnly; SameSite=Strict$/);
    const headers = { 'content-type': 'application/json', cookie: cookie.split(';')[0] ?? '' };
    expect((await ask(ui(), { ...decode, headers })).status).toBe(200);
    expect((await ask('https://evil.example', { ...decode, headers })).status).toBe(401);
    expect((await fetch(`${stack.url}/v1/surfaces`, { headers })).status).toBe(401);
  });
});

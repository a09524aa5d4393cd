import { createHash, randomUUID } from 'node:crypto';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAttestor } from '../../src/identity/index.ts';
import { openFileKeys } from '../../src/keys/index.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

/** A client as anybody who reaches the namespace may make one: without our codec, without our keys. */
let plain: Client;
let connection: Connection;
let it_: SharedStack;
beforeAll(async () => {
  it_ = await sharedStack();
  connection = await Connection.connect({ address: it_.stack.temporal.address });
  plain = new Client({ connection, namespace: it_.stack.temporal.namespace });
});
afterAll(async () => {
  await connection.close();
});

const workflowId = (id: string): string => `action/default/${id.slice(4)}`;
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('a decision that did not come through the gateway', () => {
  it('changes nothing, whoever sends it and whatever it holds', async () => {
    const { body } = await it_.ask(refund(420.5));
    const other = await it_.ask(refund(421));
    const folder = mkdtempSync(join(tmpdir(), 'countersign-forger-'));
    try {
      const claims = {
        kind: 'decide' as const,
        tenant: 'default',
        by: LEAD,
        via: 'slack' as const,
        decision: 'approve' as const,
      };
      const stranger = createAttestor((await openFileKeys(folder)).attestation);
      const { attestation } = it_.stack.parts.keys;
      const forgeries: unknown[] = [
        undefined,
        {},
        { attestation: 7 },
        { attestation: 'garbage' },
        { decision: 'approve', by: LEAD },
        { attestation: await stranger.attest({ ...claims, action: body.id }) },
        { attestation: await createAttestor(attestation).attest({ ...claims, action: other.body.id }) },
        {
          attestation: await createAttestor(attestation, () => Date.now() - 3_600_000).attest({
            ...claims,
            action: body.id,
          }),
        },
        {
          attestation: await createAttestor(attestation).attest({
            ...claims,
            action: body.id,
            by: 'user:risk-officer@acme.test',
          }),
        },
        {
          attestation: await createAttestor(attestation).attest({
            ...claims,
            action: body.id,
            by: 'user:requester@acme.test',
          }),
        },
      ];
      const handle = plain.workflow.getHandle(workflowId(body.id));
      for (const forgery of forgeries) {
        await handle.signal('decide', ...(forgery === undefined ? [] : [forgery]));
        await expect(handle.executeUpdate('decide', { args: [forgery] })).rejects.toBeInstanceOf(
          WorkflowUpdateFailedError,
        );
      }
      const after = await it_.call('GET', `/v1/actions/${body.id}`);
      expect(after.body).toMatchObject({ status: 'supervised', permit: null, records: body.records });
      const attempts = await it_.stack.parts.store.attempts.list('default', body.id);
      expect(attempts.map(({ code }) => code)).toEqual(expect.arrayContaining(['unauthenticated', 'forbidden']));

      const real = await it_.call(
        'POST',
        `/v1/actions/${body.id}/decisions`,
        { decision: 'approve' },
        { token: await it_.person(LEAD) },
      );
      expect(real.body.status).toBe('released');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('an action started by any Temporal SDK', () => {
  const start = (key: string, token: string, id = `action/default/${hashOf(key)}`) =>
    plain.workflow.start('governedAction', {
      workflowId: id,
      taskQueue: 'countersign',
      args: [{ request: refund(42.5), tenant: 'default', idempotencyKey: key, token }],
    });

  it('is released with a start token, and is the same action over HTTP', async () => {
    const key = randomUUID();
    const given = await it_.call('POST', '/v1/start-tokens', { idempotencyKey: key, request: refund(42.5) });
    const handle = await start(key, given.body.token as string);
    // What comes back is encrypted: without the codec's key the client sees nothing in clear.
    await handle.executeUpdate('verdict').catch(() => undefined);
    const same = await it_.ask(refund(42.5), { key });
    expect([same.status, same.body.status, same.body.id]).toEqual([200, 'released', `act_${hashOf(key)}`]);
  });

  it('is refused without a valid token', async () => {
    const key = randomUUID();
    await start(key, 'csk_000000000000_wrong');
    // Nobody over HTTP asked for it, so nobody is told when it is judged: until then there is none, or it is being judged.
    const answer = await eventually('it is judged', async () => {
      const read = await it_.call('GET', `/v1/actions/act_${hashOf(key)}`);
      return read.status === 404 || read.status === 503 ? undefined : read;
    });
    expect(answer.body).toMatchObject({ status: 'refused', permit: null, verdict: { basis: 'unclear' } });
  });

  it('fails when its workflow id is not that of its key', async () => {
    const handle = await start(randomUUID(), it_.stack.firstKey ?? '', `action/default/${hashOf('another')}`);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'invalid-request' } });
    expect((await it_.call('GET', `/v1/actions/act_${hashOf('another')}`)).status).toBe(404);
  });

  it('shows nothing of a request in its history', async () => {
    const { body } = await it_.ask(refund(42.5, { content: { note: 'planted-secret-7f3a' } }));
    const history = await plain.workflow.getHandle(workflowId(body.id)).fetchHistory();
    const text = Buffer.from(
      JSON.stringify(history, (_key, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      ),
    ).toString();
    for (const secret of ['planted-secret-7f3a', 'support-bot', 'ord_42', String(it_.stack.firstKey)])
      expect(text).not.toContain(secret);
  });
});

describe('a withdrawal by signal', () => {
  it('ends a parked action and releases nothing', async () => {
    const { body } = await it_.ask(refund(430));
    await plain.workflow.getHandle(workflowId(body.id)).signal('cancel');
    const after = await it_.call('GET', `/v1/actions/${body.id}?wait=20`);
    expect(after.body).toMatchObject({ status: 'cancelled', permit: null });
  });
});

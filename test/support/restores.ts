/** What has to hold after Temporal's database alone was restored, whichever server keeps it: what was sealed stays, what is open goes on. */
import { expect } from 'vitest';
import { logFiles } from '../../src/archive/make/log-files.ts';
import { auditLog } from '../../src/evidence/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { eventually } from './eventually.ts';
import { LEAD, refund, type TestStack } from './stack.ts';

export interface Restores {
  /** Another one after each restore. */
  stack(): TestStack;
  /** Copies Temporal's database as it is now. */
  backUp(): Promise<void>;
  /** Stops everything, puts that copy in place, or an empty database, and starts again. */
  restore(which: 'older' | 'empty'): Promise<void>;
}

export async function outlivesRestores({ stack, backUp, restore }: Restores): Promise<void> {
  const actionOf = async (id: string, wait: number) =>
    (await stack().call('GET', `/v1/actions/${id}?wait=${wait}`)).body;
  const parked = async (amount: number): Promise<string> => (await stack().ask(refund(amount))).body.id as string;
  const statusOf = async (id: string): Promise<string> => (await actionOf(id, 0)).status as string;
  /** Says so again while a busy machine does not answer in time: it counts once. */
  const approved = async (id: string): Promise<void> => {
    await eventually(`${id} is released`, async () => {
      const token = await stack().person(LEAD);
      await stack().call('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token });
      return (await actionOf(id, 5)).status === 'released' ? true : undefined;
    });
  };
  const executed = async (id: string): Promise<void> => {
    const { permit } = await actionOf(id, 0);
    expect((await stack().call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    await eventually(`${id} is executed`, async () => {
      await stack().call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
      return (await statusOf(id)) === 'executed' ? true : undefined;
    });
  };
  const auditIsClean = async (): Promise<void> => {
    const { keys, logReader } = stack().stack.parts;
    const trust = {
      recordKeys: [keys.forTenant('default').record.publicJwk],
      logKeys: [await logReader.vkey('default')],
    };
    expect((await auditLog({ files: logFiles(logReader, 'default'), trust, verify: nodeVerify })).findings).toEqual([]);
  };

  const [decidedLater, stays] = [await parked(310), await parked(320)];
  await backUp();
  await approved(decidedLater);
  const [ended, unknown] = [await parked(330), await parked(340)];
  await approved(ended);
  await executed(ended);

  await restore('older');
  expect(await Promise.all([decidedLater, ended, unknown, stays].map(statusOf))).toEqual([
    ...['released', 'executed', 'supervised', 'supervised'],
  ]);
  // The workflow of the one never heard of its approval, that of the other was never started.
  await executed(decidedLater);
  await approved(unknown);
  await executed(unknown);
  await auditIsClean();

  await restore('empty');
  expect(await Promise.all([decidedLater, ended, unknown, stays].map(statusOf))).toEqual([
    ...['executed', 'executed', 'executed', 'supervised'],
  ]);
  await approved(stays);
  await executed(stays);
  await auditIsClean();
}

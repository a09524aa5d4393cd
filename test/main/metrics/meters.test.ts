/** What a process counts of what it seals and tells, and that a failure stays what it is. */
import { expect, it } from 'vitest';
import { CountersignError, type Action } from '../../../src/contract/index.ts';
import { NotifierUnavailable, type Notifier } from '../../../src/notify/notifier.ts';
import { measuredNotifier, measuredSequencer, measuredWebhooks } from '../../../src/main/metrics/measured.ts';
import { createMeters, type Meters } from '../../../src/main/metrics/meters.ts';
import type { SealedRecord, Sequencer, StagedRecord } from '../../../src/sequencer/index.ts';
import type { Projection } from '../../../src/store/index.ts';
import { untyped } from '../../support/untyped.ts';

const AT = '2026-01-01T00:10:00.000Z';

type Said = Pick<Action, 'status'> & { verdict: Partial<NonNullable<Action['verdict']>> };

/** A record as the engine stages it, in as much as the meters read of it. */
function staged(type: string, decision: StagedRecord['facets']['decision'], { status, verdict }: Said): StagedRecord {
  const view = {
    action: { status, verdict, createdAt: '2026-01-01T00:00:00.000Z' },
    limits: [
      { label: 'refunds/day', left: '4.00', max: '100.00' },
      { label: 'refunds/month', left: '50.00', max: '100.00' },
    ],
  };
  return {
    ...{ action: 'act_1', seq: 0, type, recordHash: '', envelope: new Uint8Array(), at: AT },
    facets: { surface: null, actor: null, approver: null, decision },
    projection: { view } as Projection,
  };
}

const sealed = (existing = false): SealedRecord => ({ index: 0, recordHash: '', envelope: new Uint8Array(), existing });
const answering = (answer: () => Promise<SealedRecord[]>): Sequencer => ({ append: answer, hold: answer });

async function value({ registry }: Meters, name: string, labels: Record<string, string> = {}): Promise<number | null> {
  const metric = (await registry.getMetricsAsJSON()).find((one) => one.name === `countersign_${name}`);
  const values = (metric?.values ?? []) as { value: number; labels: Record<string, string>; metricName?: string }[];
  const found = values.filter(
    (one) =>
      Object.entries(labels).every(([key, wanted]) => one.labels[key] === wanted) &&
      (one.metricName === undefined || one.metricName.endsWith('_count')),
  );
  return found.length === 0 ? null : found.reduce((sum, one) => sum + one.value, 0);
}

it('verdicts by decision and basis, limits near their maximum, and how long a decision took', async () => {
  const meters = createMeters();
  const log = measuredSequencer(
    answering(() => Promise.resolve([sealed()])),
    meters,
  );
  await log.append('t', [
    staged('verdict', 'approve', { status: 'released', verdict: { decision: 'approve', basis: 'rule' } }),
  ]);
  await log.append('t', [
    staged('verdict', 'refuse', { status: 'refused', verdict: { decision: 'refuse', basis: 'limit' } }),
  ]);
  await log.append('t', [
    staged('decision', 'refuse', { status: 'refused', verdict: { decision: 'supervise', basis: 'rule' } }),
  ]);
  await log.append('t', [
    staged('decision', 'expired', { status: 'expired', verdict: { decision: 'supervise', basis: 'rule' } }),
  ]);
  expect({
    approved: await value(meters, 'verdicts_total', { decision: 'approve', basis: 'rule' }),
    limited: await value(meters, 'verdicts_total', { decision: 'refuse', basis: 'limit' }),
    near: await value(meters, 'limit_near_total', { limit: 'refunds/day' }),
    far: await value(meters, 'limit_near_total', { limit: 'refunds/month' }),
    decided: await value(meters, 'time_to_decide_seconds', { decision: 'refuse' }),
    refused: await value(meters, 'actions_ended_total', { status: 'refused' }),
    expired: await value(meters, 'actions_ended_total', { status: 'expired' }),
    open: await value(meters, 'actions_ended_total', { status: 'released' }),
    waiting: await value(meters, 'seal_waiting'),
  }).toEqual({
    ...{ approved: 1, limited: 1, near: 2, far: null, decided: 1 },
    ...{ refused: 2, expired: 1, open: null, waiting: 0 },
  });
});

it('what was sealed before is counted once, and what could not be sealed is counted apart', async () => {
  const meters = createMeters();
  const record = staged('verdict', 'approve', { status: 'released', verdict: { decision: 'approve', basis: 'rule' } });
  await measuredSequencer(
    answering(() => Promise.resolve([sealed(true)])),
    meters,
  ).append('t', [record]);
  expect(await value(meters, 'verdicts_total', { decision: 'approve' })).toBeNull();
  const down = new CountersignError('unavailable', 'not now');
  const failing = measuredSequencer(
    answering(() => Promise.reject(down)),
    meters,
  );
  await expect(failing.append('t', [record])).rejects.toBe(down);
  expect(await value(meters, 'seal_failures_total')).toBe(1);
});

it('webhooks and messages that nobody took are counted by why, and fail as before', async () => {
  const meters = createMeters();
  const input = { url: 'http://127.0.0.1', messageId: 'm', body: {} };
  await measuredWebhooks({ send: () => Promise.resolve() }, meters).send(input);
  const gone = new Error('gone');
  await expect(measuredWebhooks({ send: () => Promise.reject(gone) }, meters).send(input)).rejects.toBe(gone);
  expect(await value(meters, 'webhooks_total', { result: 'failed' })).toBe(1);
  expect(await value(meters, 'webhooks_total', { result: 'taken' })).toBe(1);

  const busy = new NotifierUnavailable('busy', { retryAfterMs: 1 });
  const notifier: Notifier = {
    post: () => Promise.resolve({ posted: [], unreachable: [{ person: 'user:a', why: 'is deactivated' }] }),
    postPlan: () => Promise.resolve({ posted: [], unreachable: [] }),
    thread: () => Promise.reject(busy),
    tell: () => Promise.reject(new NotifierUnavailable('no scope', { retryAfterMs: 1, configuration: true })),
  };
  const measured = measuredNotifier(notifier, meters);
  await measured.post(...untyped<Parameters<Notifier['post']>>([]));
  await expect(measured.thread([], { id: 'e', kind: 'asked', by: null, detail: null, until: null })).rejects.toBe(busy);
  const notice = { id: 'n', tenant: 't', action: 'a', headline: '', lines: [], consoleUrl: null };
  await expect(measured.tell('user:a', notice)).rejects.toBeInstanceOf(NotifierUnavailable);
  expect(await value(meters, 'slack_failures_total', { call: 'publish', why: 'unreachable' })).toBe(1);
  expect(await value(meters, 'slack_failures_total', { call: 'thread', why: 'unavailable' })).toBe(1);
  expect(await value(meters, 'slack_failures_total', { call: 'tell', why: 'configuration' })).toBe(1);
});

it('no label names a person, an action or a tenant', async () => {
  const meters = createMeters();
  const names = (await meters.registry.getMetricsAsJSON()).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(10);
  expect((await meters.registry.metrics()).match(/(tenant|actor|approver|person|action)=/g)).toBeNull();
});

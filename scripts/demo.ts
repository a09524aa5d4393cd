/**
 * `npm run demo`: three refunds through a fresh stack on free ports, each step in words. Everything is real: Temporal, PostgreSQL,
 * the Slack app over signed HTTP, and receipts that are verified from two public keys alone. Exits 0 when all of it held.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSlackSandbox, type SlackSandbox } from '../sandbox/slack/index.ts';
import type { Action, Receipt, RecordPayload } from '../src/contract/index.ts';
import { nodeVerify } from '../src/keys/index.ts';
import { loadConfig } from '../src/main/config.ts';
import { startStack } from '../src/main/start.ts';
import { verifyReceipt } from '../src/sealing/index.ts';

const say = (text: string): void => console.log(text);

/** Stops the demo with the one thing that did not hold. */
function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`the demo failed: ${what}`);
}

interface Answer<T> {
  status: number;
  body: T;
}

export async function demo(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  let sandbox: SlackSandbox | undefined;
  say('Starting a fresh stack: Temporal, PostgreSQL, worker, API and a Slack sandbox …');
  const config = loadConfig({ ...process.env, COUNTERSIGN_PORT: '0', COUNTERSIGN_DATA: dataDir });
  const stack = await startStack(config, { out: say, sandbox: (options) => (sandbox = createSlackSandbox(options)) });
  try {
    expect(sandbox !== undefined, 'the Slack sandbox did not start; unset SLACK_BOT_TOKEN for the demo');
    say(`It serves at ${stack.url}. A request that must be refused was refused, or it would not.\n`);
    const call = async <T>(method: string, path: string, body?: unknown, key?: string): Promise<Answer<T>> => {
      const response = await fetch(stack.url + path, {
        method,
        headers: {
          authorization: `Bearer ${stack.firstKey ?? ''}`,
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as T };
    };
    const refund = (amount: number) => ({
      surface: 'payments.refund',
      action: 'refund.create',
      actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
      resource: { type: 'order', id: `ord_${amount}` },
      params: { amount, currency: 'USD' },
    });
    const receipts: Receipt[] = [];
    const collect = async (action: Action): Promise<void> => {
      for (const hash of action.records)
        receipts.push((await call<Receipt>('GET', `/v1/records/${hash}/receipt`)).body);
    };

    const small = await call<Action>('POST', '/v1/actions', refund(42.5), randomUUID());
    expect(small.status === 200 && small.body.permit !== null, `a refund of 42.50 was answered ${small.status}`);
    say('1. The agent asks to refund 42.50 USD. Policy approves it at once and a permit comes with the answer (200).');
    await collect(small.body);

    const medium = await call<Action>('POST', '/v1/actions', refund(420.5), randomUUID());
    expect(medium.status === 202, `a refund of 420.50 was answered ${medium.status}`);
    say('2. It asks to refund 420.50 USD. Above 100 a human of finance decides: the action is parked (202).');
    const { control } = sandbox;
    const message = await control.waitFor(() =>
      control.messages('finance-approvals').find((one) => JSON.stringify(one).includes(medium.body.id)),
    );
    say(`   In #finance-approvals: “${message.text.split('\n')[0] ?? ''}”`);
    const lead = stack.parts.directory.current('default').person('user:finance-lead@acme.test')?.slack?.user ?? '';
    const waiting = call<Action>('GET', `/v1/actions/${medium.body.id}?wait=30`);
    const clicked = await control.click({ user: lead, channel: message.channel, ts: message.ts, actionId: 'approve' });
    expect(clicked.ok, `the click was answered ${clicked.status}`);
    const modal = control.modal(lead);
    if (modal !== undefined) await control.submit({ user: lead, viewId: modal.id, values: {} });
    const released = await waiting;
    expect(released.body.status === 'released', `after the click the action is ${released.body.status}`);
    const decision = released.body.approval?.stages[0]?.decisions[0];
    say(`   ${decision?.by ?? '?'} presses Approve; the decision is sealed, then a permit is released.`);

    const { permit } = released.body;
    const first = await call('POST', '/v1/permits/redeem', { permit });
    expect(first.status === 200, `redeeming was answered ${first.status}`);
    say('   The payment service redeems the permit: once (200).');
    for (const time of ['a second', 'a third']) {
      const again = await call<{ code: string }>('POST', '/v1/permits/redeem', { permit });
      expect(
        again.status === 409 && again.body.code === 'permit-already-redeemed',
        `redeeming ${time} time was answered ${again.status}`,
      );
      say(`   Redeeming it ${time} time is refused (409, permit-already-redeemed).`);
    }
    const reported = await call<Action>('POST', `/v1/actions/${medium.body.id}/outcome`, {
      permit,
      status: 'executed',
      reference: 'rf_1',
    });
    expect(reported.body.status === 'executed', `reporting was answered ${reported.status}`);
    say('   It refunds, and reports the outcome, which is sealed: executed.');
    await collect(reported.body);

    const large = await call<{ detail: string; receipt: Receipt }>('POST', '/v1/actions', refund(5000), randomUUID());
    expect(large.status === 403, `a refund of 5,000 was answered ${large.status}`);
    say(`3. It asks to refund 5,000 USD: ${large.body.detail} (403, with a sealed proof of the refusal).\n`);
    receipts.push(large.body.receipt);

    const jwks = (await (await fetch(`${stack.url}/log/default/jwks.json`)).json()) as { keys: object[] };
    const vkey = (await (await fetch(`${stack.url}/log/default/vkey`)).text()).trim();
    await stack.stop();
    say('The stack is stopped. Verifying every receipt offline, from two public keys alone:');
    for (const receipt of receipts) {
      const { record, index, size } = await verifyReceipt(
        receipt,
        { recordKeys: jwks.keys, logKeys: [vkey] },
        { verify: nodeVerify },
      );
      say(`   valid  entry ${index} of ${size}  ${titleOf(record)}`);
    }
    say(`\n${receipts.length} receipts are valid. That is the whole path.`);
  } finally {
    await stack.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function titleOf(record: RecordPayload): string {
  switch (record.type) {
    case 'verdict':
      return `verdict: ${record.verdict.decision}`;
    case 'decision':
      return `decision: ${record.decision} by ${record.by}`;
    case 'outcome':
      return `outcome: ${record.status}`;
    default:
      return record.type;
  }
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].split('/').at(-1) ?? '')) {
  demo().then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exit(1);
    },
  );
}

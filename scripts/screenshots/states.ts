/**
 * States that a message is in for days or after a fault, and what is shown around it: drawn by the sandbox from the models of the tests,
 * without a stack.
 */
import type { Browser } from 'playwright-core';
import { startSlackSandbox } from '../../sandbox/slack/index.ts';
import {
  homeView,
  renderApprovalMessage,
  renderDigest,
  type ApprovalMessage,
  type Rendered,
} from '../../src/slack/blocks/index.ts';
import { decision, MODELS, NOW, WAITING } from '../../test/slack/messages.ts';
import { openScreen } from './screens.ts';

const CHANNEL = 'finance-approvals';
const READER = {
  id: 'U0READER',
  name: 'fatima',
  realName: 'Fatima Lindqvist',
  email: 'finance-lead@acme.test',
  tz: 'UTC',
};

const fact = (label: string, value: string): ApprovalMessage['facts'][number] => ({ label, value });
const waiting = (more: Partial<ApprovalMessage>): ApprovalMessage => ({ ...WAITING, ...more });

/** States and kinds of facts that the scenes of a real stack do not have. */
const MESSAGES: Record<string, ApprovalMessage> = {
  ...Object.fromEntries(
    [
      'held',
      'uncollected',
      'lapsed',
      'released',
      'failed',
      'skipped',
      'unreported',
      'cancelled',
      'frozen',
      'reviewed',
      'withheld',
      'refused-before',
      'passkey',
      'reversal',
      'unreachable',
    ].map((name) => [name, MODELS[name] ?? WAITING]),
  ),
  advised: waiting({
    facts: [
      fact('Environment', 'production'),
      fact('Advice of fraud-score', 'to be looked at: the account is two days old'),
      fact('Advice of second-opinion', 'none (it did not answer in time); that changes nothing'),
    ],
  }),
  origin: waiting({ facts: [fact('Environment', 'production'), fact('Origin', 'recipient came from a web page')] }),
  'on-call': waiting({
    facts: [fact('On call for payments', 'user:duty-manager@acme.test, by PagerDuty')],
  }),
  drill: {
    ...(MODELS['refused'] ?? WAITING),
    decisions: [decision({ presence: 'click' })],
    why: {
      policy: 'payments.refund',
      rule: 'medium',
      reasons: ['this was a drill, and nothing of it happens; there was to be seen: the account is not the customer’s'],
    },
  },
  presence: {
    ...(MODELS['approved'] ?? WAITING),
    stages: WAITING.stages.map((stage) => ({ ...stage, quorum: 2, approvals: 2, state: 'done' as const })),
    decisions: [
      decision({ presence: 'click', reason: 'The customer is right' }),
      decision({ by: 'user:cfo@acme.test', name: 'Chidi Forde', via: 'console', presence: 'passkey' }),
    ],
  },
};

const DIGEST = renderDigest({
  items: [
    waiting({ resource: 'order ord_991' }),
    waiting({
      action: `act_${'b'.repeat(64)}`,
      amount: '310.00 USD',
      resource: 'order ord_984',
      expiresAt: NOW + 5 * 3600,
    }),
    { ...(MODELS['refused'] ?? WAITING), action: `act_${'c'.repeat(64)}`, amount: '999.00 USD' },
  ],
  consoleUrl: 'https://countersign.acme.test',
});

const render = (message: ApprovalMessage): Rendered => renderApprovalMessage(message, { person: null, plain: false });

/** Draws them all. */
export async function statePictures(browser: Browser): Promise<void> {
  const sandbox = await startSlackSandbox({ users: [READER], channels: [CHANNEL], strict: true });
  const call = async (method: string, body: object): Promise<{ ok: boolean; ts: string; error?: string }> => {
    const answer = await fetch(`${sandbox.apiUrl}${method}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sandbox.botToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const said = (await answer.json()) as { ok: boolean; ts: string; error?: string };
    if (!said.ok) throw new Error(`${method}: ${said.error ?? 'no answer'}`);
    return said;
  };
  try {
    const posted = new Map<string, string>();
    const shown: [string, Rendered][] = [
      ...Object.entries(MESSAGES).map(([name, message]): [string, Rendered] => [name, render(message)]),
      ['digest', DIGEST],
    ];
    for (const [name, { text, blocks }] of shown) {
      posted.set(name, (await call('chat.postMessage', { channel: CHANNEL, text, blocks })).ts);
    }
    await call('views.publish', {
      user_id: READER.id,
      view: homeView({
        name: READER.realName,
        waiting: [],
        decided: [],
        reviews: [],
        grants: [
          {
            ...{ id: 'grt_1', by: READER.realName, verb: 'credit.create', surface: 'payments.credit' },
            ...{ actor: 'agent:support-bot', until: NOW + 6 * 3600, uses: 20, used: 3 },
            ...{ upTo: '2000', sum: '240', currency: 'USD' },
          },
        ],
      }),
    });
    const channel = sandbox.control.channel(CHANNEL).id;
    for (const size of ['phone', 'desktop'] as const) {
      const screen = await openScreen(browser, new URL(sandbox.url).origin, size);
      await screen.at(READER.id, channel);
      for (const [name, ts] of posted) {
        await screen.message(ts).waitFor();
        await screen.picture(name, screen.message(ts));
      }
      await screen.at(READER.id, sandbox.control.im(READER.id).id, '&tab=home');
      await screen.page.locator('#tab-home').click();
      await screen.page.locator('#home').getByRole('heading', { name: 'You decided' }).waitFor();
      await screen.picture('home-grants', screen.page.locator('#home'));
      await screen.close();
    }
  } finally {
    await sandbox.stop();
  }
}

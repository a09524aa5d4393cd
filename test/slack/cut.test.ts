/** 200 requests that differ only after the cut, in a real browser: none can be approved from its message. */
import { expect, it } from 'vitest';
import { startSlackSandbox, systemClock } from '../../sandbox/slack/index.ts';
import { unreadOf } from '../../src/notify/unread.ts';
import { renderApprovalMessage, shownHash } from '../../src/slack/blocks/index.ts';
import { callApi, CHANNELS, USERS } from '../sandbox/support.ts';
import { launchBrowser } from '../support/browser.ts';
import { WAITING } from './messages.ts';

const MANY = 200;
const CUT = 'a'.repeat(4000);

it('none has a button that approves, and each leads to all of it', { timeout: 240_000 }, async () => {
  const sandbox = await startSlackSandbox({ users: USERS, channels: CHANNELS, clock: systemClock });
  const browser = await launchBrowser();
  try {
    const hashes = new Set<string>();
    for (let at = 0; at < MANY; at += 1) {
      const model = { ...WAITING, facts: [{ label: 'note', value: `${CUT}${String(at)}` }] };
      const message = renderApprovalMessage({ ...model, unread: unreadOf(model, { plan: null }) });
      hashes.add(shownHash(message));
      const { body } = await callApi(sandbox, 'chat.postMessage', { channel: '#finance-approvals', ...message });
      expect(body['ok']).toBe(true);
    }
    // What was read does not tell them apart, so reading it cannot be enough.
    expect(hashes.size).toBe(1);
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(`${sandbox.url}/#user=U0ANNA&channel=${sandbox.control.channel('finance-approvals').id}`);
    const read = page.getByRole('button', { name: /^Read all, then decide/ });
    await read.nth(MANY - 1).waitFor({ timeout: 120_000 });
    expect(await read.count()).toBe(MANY);
    expect(await page.getByRole('button', { name: /^Approve/ }).count()).toBe(0);
  } finally {
    await browser.close();
    await sandbox.stop();
  }
});

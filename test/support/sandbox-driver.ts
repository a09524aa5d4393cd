/** Our own sandbox as the approver's end-to-end test drives it. */
import type { SlackSandbox } from '../../sandbox/slack/index.ts';
import { hasButton, type ApproverDriver } from './approver.ts';
import { eventually } from './eventually.ts';

const CHANNEL = 'finance-approvals';
const WAIT_MS = 30_000;

export function sandboxDriver({ control }: SlackSandbox): ApproverDriver {
  return {
    messageOf: (action) =>
      control.waitFor(
        () =>
          control
            .messages(CHANNEL)
            .find((one) => one.threadTs === undefined && JSON.stringify(one.blocks).includes(action)),
        WAIT_MS,
      ),
    until: (message, holds) =>
      control.waitFor(() => {
        const now = control.messages(CHANNEL).find(({ ts }) => ts === message.ts);
        return now !== undefined && holds(now) && now;
      }, WAIT_MS),
    async click(user, { channel, ts }, actionId) {
      const now = control.messages(CHANNEL).find((one) => one.ts === ts);
      // A screen may be behind: what is gone by now is clicked where it was.
      const stale = now !== undefined && !hasButton(now, actionId);
      await control.click({ user, channel, ts, actionId, stale });
    },
    async submit(user, values) {
      const modal = await control.waitFor(() => control.modal(user), WAIT_MS);
      const { outcome } = await control.submit({ user, viewId: modal.id, values });
      if (outcome === 'failed') throw new Error('the app did not answer the modal');
      return outcome === 'errors' ? 'errors' : 'taken';
    },
    privateAnswers: async (user) => control.ephemerals(user).map(({ text }) => text),
    wait: (read) => eventually('the sandbox shows it', read),
  };
}

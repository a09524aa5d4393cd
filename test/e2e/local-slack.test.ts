import { afterAll, beforeAll, describe } from 'vitest';
import { approverTests, type ApproverDriver } from '../support/approver.ts';
import { LOCAL, openLocalSlack, type LocalSlack } from '../support/local-slack.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

/** Path of `bin/local-slack` of npm's `local-slack-linux-x64@0.1.8`. `.ci/run` installs it; it is no dependency: 95 MB, Linux only. */
const BINARY = process.env['COUNTERSIGN_LOCAL_SLACK'];

describe.skipIf(BINARY === undefined).each([
  { mode: 'signed HTTP', env: { SLACK_SIGNING_SECRET: LOCAL.signingSecret } },
  { mode: 'Socket Mode', env: { SLACK_APP_TOKEN: LOCAL.appToken } },
])(
  "an approver in somebody else's Slack, over $mode (skipped where COUNTERSIGN_LOCAL_SLACK does not name one)",
  ({ env }) => {
    let slack: LocalSlack;
    let stack: TestStack;
    let driver: ApproverDriver;
    beforeAll(async () => {
      slack = await openLocalSlack(BINARY ?? '');
      // Slack is not there yet when the stack starts: nothing minds.
      stack = await startTestStack({
        ...env,
        SLACK_BOT_TOKEN: LOCAL.botToken,
        SLACK_API_URL: slack.apiUrl,
        COUNTERSIGN_LOG_LEVEL: 'silent',
      });
      const requestUrl = 'SLACK_SIGNING_SECRET' in env ? `${stack.url}/slack/events` : null;
      driver = await slack.start(stack.stack.parts.directory.current('default'), requestUrl);
    });
    afterAll(async () => {
      try {
        await stack.stop();
      } finally {
        await slack.stop();
      }
    });

    approverTests(() => ({ stack, slack: driver }));
  },
);

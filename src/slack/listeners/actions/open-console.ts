import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';

/** A link. The browser opens it, and Slack only wants an acknowledgement. */
export const openConsole =
  (): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack }) => {
    await ack();
  };

import type { BlockAction, Middleware, SlackActionMiddlewareArgs } from '@slack/bolt';

/** A link: the browser does the rest, Slack only wants to hear that we heard. */
export const openConsole =
  (): Middleware<SlackActionMiddlewareArgs<BlockAction>> =>
  async ({ ack }) => {
    await ack();
  };

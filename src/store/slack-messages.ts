import type { Database } from './database.ts';

/** A message in Slack about an action. It is edited as long as the action changes. */
export interface SlackMessage {
  tenant: string;
  action: string;
  workspace: string;
  /** As Slack returned it when the message was posted: for a direct message its `D…` id. */
  channel: string;
  ts: string;
  /** `channel`, `dm`, … */
  kind: string;
  /** Directory id of the person it was sent to; null for a channel. */
  person: string | null;
  /** Hash of what it shows now. */
  shownHash: string;
  /** The revision of the action that it shows. */
  revision: number;
}

export interface SlackMessageStore {
  /** Stores a message, or its new content. An older revision never replaces a newer one. */
  put(message: SlackMessage): Promise<void>;
  list(tenant: string, action: string): Promise<SlackMessage[]>;
  /** The message that a click came from: Slack names it by these three, and the row names the tenant. */
  find(workspace: string, channel: string, ts: string): Promise<SlackMessage | null>;
}

export function createSlackMessageStore(db: Database): SlackMessageStore {
  return {
    async put(message) {
      await db
        .insertInto('slackMessage')
        .values(message)
        .onConflict((conflict) =>
          conflict
            .columns(['workspace', 'channel', 'ts'])
            .doUpdateSet({ shownHash: message.shownHash, revision: message.revision })
            .where('slackMessage.tenant', '=', message.tenant)
            .where('slackMessage.action', '=', message.action)
            .where('slackMessage.revision', '<=', message.revision),
        )
        .execute();
    },
    list: (tenant, action) =>
      db
        .selectFrom('slackMessage')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('action', '=', action)
        .orderBy('channel')
        .orderBy('ts')
        .execute(),
    async find(workspace, channel, ts) {
      const row = await db
        .selectFrom('slackMessage')
        .selectAll()
        .where('workspace', '=', workspace)
        .where('channel', '=', channel)
        .where('ts', '=', ts)
        .executeTakeFirst();
      return row ?? null;
    },
  };
}

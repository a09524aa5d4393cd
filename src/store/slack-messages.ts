import type { Postgres } from './postgres.ts';

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
  /**
   * Stores a message, or its new content. An older revision never replaces a newer one.
   *
   * @param post Its row of `slack_post`, which ends in the same statement unless the action has more records than the message shows.
   * @returns how many records the action has by its row; null where no row says so
   */
  put(message: SlackMessage, post?: string): Promise<number | null>;
  list(tenant: string, action: string): Promise<SlackMessage[]>;
  /** The message that a click came from: Slack names it by these three, and the row names the tenant. */
  find(workspace: string, channel: string, ts: string): Promise<SlackMessage | null>;
}

const COLUMNS = `tenant, action, workspace, channel, ts, kind, person, shown_hash as "shownHash", revision`;

/** A revision is a hundred for each record, and a little more (notify/message). */
const PUT = `with put as (
    insert into slack_message as m (tenant, action, workspace, channel, ts, kind, person, shown_hash, revision)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (workspace, channel, ts) do update set shown_hash = excluded.shown_hash, revision = excluded.revision
    where m.tenant = excluded.tenant and m.action = excluded.action and m.revision <= excluded.revision),
  now as (
    select case json_typeof(view #> '{action,records}') when 'array' then json_array_length(view #> '{action,records}') end as records
    from action where tenant = $1 and id = $2),
  ended as (
    delete from slack_post where id = $10 and exists (select from now where records * 100 <= $9))
  select records from now`;

const LIST = `select ${COLUMNS} from slack_message where tenant = $1 and action = $2 order by channel, ts`;

export function createSlackMessageStore({ ask, db }: Pick<Postgres, 'ask' | 'db'>): SlackMessageStore {
  return {
    async put({ tenant, action, workspace, channel, ts, kind, person, shownHash, revision }, post) {
      const values = [tenant, action, workspace, channel, ts, kind, person, shownHash, revision, post ?? null];
      const [now] = await ask<{ records: number | null }>({ name: 'slack-message', text: PUT, values });
      return now?.records ?? null;
    },
    list: (tenant, action) => ask<SlackMessage>({ name: 'slack-messages', text: LIST, values: [tenant, action] }),
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

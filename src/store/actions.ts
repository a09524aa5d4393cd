import { CLOSED_STATUSES, UNFINISHED_STATUSES } from '../contract/index.ts';
import type { ActionState } from './action-state.ts';
import type { Tables } from './database.ts';
import type { Projection } from './log-types.ts';
import { sql, type Selectable } from 'kysely';
import { gathered } from './gathered.ts';
import type { Postgres } from './postgres.ts';

/** The current state of an action. The sequencer writes it together with the records that led to it. Times are RFC 3339 UTC. */
export interface StoredAction extends Projection {
  tenant: string;
  id: string;
  /** Null also when its payload was deleted. */
  retainUntil: string | null;
}

export interface ActionFilter {
  status?: string | undefined;
  surface?: string | undefined;
  actor?: string | undefined;
  requester?: string | undefined;
  /** Only actions created before this one, which gives the next page. */
  before?: { createdAt: string; id: string } | undefined;
  /** From 1 to 1,000; 100 by default. */
  limit?: number | undefined;
}

/** What actions that can be decided together have in common. */
export interface Alike {
  surface: string;
  actor: string;
  rule: string | null;
  /** The one that they are like. */
  except: string;
}

export interface ActionStore {
  get(tenant: string, id: string): Promise<StoredAction | null>;
  /** Those of these ids that are stored, in no order. */
  some(tenant: string, ids: readonly string[]): Promise<StoredAction[]>;
  /** Newest first. */
  list(tenant: string, filter: ActionFilter): Promise<StoredAction[]>;
  /** Actions that were asked for to take this one back, oldest first. */
  reversing(tenant: string, id: string): Promise<string[]>;
  /** The executed reversals of a tenant: the action that was taken back, and the one that did it. */
  reversals(tenant: string): Promise<{ of: string; by: string }[]>;
  /** All actions that wait for a person, oldest first. */
  waiting(tenant: string): Promise<StoredAction[]>;
  /** Other actions that wait for a person by the same rule: of one surface and actor, oldest first, at most `limit`. */
  waitingAlike(tenant: string, like: Alike, limit: number): Promise<StoredAction[]>;
  /** Closed actions of all tenants whose retention has ended at `now`, the longest overdue first. */
  due(now: Date, limit: number): Promise<{ tenant: string; id: string }[]>;
  /**
   * Actions of all tenants that are not closed, or unreported and still to be reported, or whose review is still open, and that did not
   * change since `before`, by tenant and id from `after` on.
   */
  unfinished(
    before: Date,
    after: { tenant: string; id: string } | null,
    limit: number,
  ): Promise<Pick<StoredAction, 'tenant' | 'id' | 'status' | 'expiresAt'>[]>;
  /** Postpones a due action to `until`, null for ever: its payload cannot be deleted yet, and it must not block the others. */
  postpone(tenant: string, id: string, until: Date | null): Promise<void>;
}

/** The last instant of RFC 3339. */
const FOR_EVER = new Date('9999-12-31T23:59:59.999Z');

export const storedAction = ({
  postponedUntil: _,
  reverses: _reverses,
  view,
  ...row
}: Selectable<Tables['action']>): StoredAction => ({
  ...row,
  view: view as ActionState,
});

/** The columns of a {@link StoredAction} of `action as a`. */
export const STORED_ACTION = `a.tenant, a.id, a.status, a.surface, a.actor, a.requester, a.bundle, a.view, a.sealed_permit as "sealedPermit",
  a.created_at as "createdAt", a.updated_at as "updatedAt", a.expires_at as "expiresAt", a.retain_until as "retainUntil"`;

/** Of one tenant, by their ids. */
const SOME = `select ${STORED_ACTION} from "action" as a where a."tenant" = $1 and a."id" = any($2::text[])`;

export function createActionStore({ ask, db }: Pick<Postgres, 'ask' | 'db'>): ActionStore {
  const some: ActionStore['some'] = async (tenant, ids) => {
    if (ids.length === 0) return [];
    return ask<StoredAction>({ name: 'actions', text: SOME, values: [tenant, [...ids]] });
  };
  const get = gathered(async (names: readonly { tenant: string; id: string }[]) => {
    const tenants = [...new Set(names.map(({ tenant }) => tenant))];
    const idsOf = (one: string) => names.flatMap(({ tenant, id }) => (tenant === one ? [id] : []));
    const rows = (await Promise.all(tenants.map((tenant) => some(tenant, idsOf(tenant))))).flat();
    const byName = new Map(rows.map((row) => [`${row.tenant}\n${row.id}`, row]));
    return names.map(({ tenant, id }) => byName.get(`${tenant}\n${id}`) ?? null);
  });
  return {
    get: (tenant, id) => get({ tenant, id }),
    some,
    async list(tenant, { status, surface, actor, requester, before, limit = 100 }) {
      let query = db.selectFrom('action').selectAll().where('tenant', '=', tenant);
      if (status !== undefined) query = query.where('status', '=', status);
      if (surface !== undefined) query = query.where('surface', '=', surface);
      if (actor !== undefined) query = query.where('actor', '=', actor);
      if (requester !== undefined) query = query.where('requester', '=', requester);
      if (before !== undefined) {
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('createdAt', 'id'), '<', tuple(before.createdAt, before.id)),
        );
      }
      const rows = await query
        .orderBy('createdAt', 'desc')
        .orderBy('id', 'desc')
        .limit(Math.min(Math.max(1, limit), 1000))
        .execute();
      return rows.map(storedAction);
    },
    async reversing(tenant, id) {
      const rows = await db
        .selectFrom('action')
        .select('id')
        .where('tenant', '=', tenant)
        .where('reverses', '=', id)
        .orderBy('createdAt')
        .limit(100)
        .execute();
      return rows.map((row) => row.id);
    },
    async reversals(tenant) {
      const rows = await db
        .selectFrom('action')
        .select(['id', 'reverses'])
        .where('tenant', '=', tenant)
        .where('reverses', 'is not', null)
        .where('status', '=', 'executed')
        .orderBy('createdAt')
        .execute();
      return rows.flatMap(({ id, reverses }) => (reverses === null ? [] : [{ of: reverses, by: id }]));
    },
    async waiting(tenant) {
      const rows = await db
        .selectFrom('action')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('status', '=', 'supervised')
        .orderBy('createdAt')
        .orderBy('id')
        .execute();
      return rows.map(storedAction);
    },
    async waitingAlike(tenant, { surface, actor, rule, except }, limit) {
      const rows = await db
        .selectFrom('action')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('status', '=', 'supervised')
        .where('surface', '=', surface)
        .where('actor', '=', actor)
        .where(sql<string | null>`view #>> '{action,verdict,rule}'`, rule === null ? 'is' : '=', rule)
        .where('id', '!=', except)
        .orderBy('createdAt')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(storedAction);
    },
    due: (now, limit) =>
      db
        .selectFrom('action')
        .select(['tenant', 'id'])
        .where('retainUntil', '<=', now.toISOString())
        .where(({ eb, or }) => or([eb('postponedUntil', 'is', null), eb('postponedUntil', '<=', now.toISOString())]))
        .where('status', 'in', CLOSED_STATUSES)
        .orderBy(sql`greatest(retain_until, postponed_until)`)
        .limit(limit)
        .execute(),
    unfinished(before, after, limit) {
      let query = db
        .selectFrom('action')
        .select(['tenant', 'id', 'status', 'expiresAt'])
        .where(({ or, eb, exists, selectFrom }) =>
          or([
            eb('status', 'in', UNFINISHED_STATUSES),
            exists(
              selectFrom('review')
                .select('review.id')
                .whereRef('review.tenant', '=', 'action.tenant')
                .whereRef('review.action', '=', 'action.id')
                .where('review.status', '=', 'open'),
            ),
          ]),
        )
        .where('updatedAt', '<', before.toISOString());
      if (after !== null) {
        const { tenant, id } = after;
        query = query.where(({ eb, refTuple, tuple }) => eb(refTuple('tenant', 'id'), '>', tuple(tenant, id)));
      }
      return query.orderBy('tenant').orderBy('id').limit(limit).execute();
    },
    async postpone(tenant, id, until) {
      await db
        .updateTable('action')
        .set({ postponedUntil: (until ?? FOR_EVER).toISOString() })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .execute();
    },
  };
}

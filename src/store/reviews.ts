import type { BrokenGlassItem, ReviewStatus } from '../contract/views/index.ts';
import type { Database, Tables } from './database.ts';
import { findRow } from './rows.ts';
import type { Selectable } from 'kysely';

/** The review of a break-glass release, and its state. */
export interface Review {
  id: string;
  tenant: string;
  action: string;
  /** When the action was released. */
  openedAt: string;
  dueAt: string;
  /** The person on whose word it was released; null where it is no longer known. */
  by: string | null;
  status: ReviewStatus;
  view: ReviewDetails;
}

type Required = 'surface' | 'verb' | 'actor' | 'reviewers' | 'result';

/** The details of a review. Rows from before reports existed have only the first few. */
export type ReviewDetails = Pick<BrokenGlassItem, Required> &
  Partial<Pick<BrokenGlassItem, 'policy' | 'rule' | 'what' | 'reason'>>;

export interface ReviewStore {
  /** Opens a review, or stores its new state. */
  put(review: Review): Promise<void>;
  get(tenant: string, id: string): Promise<Review | null>;
  /** Those of one status, or all; the first due first. */
  list(tenant: string, status?: string): Promise<Review[]>;
  /** Those opened from `from` (inclusive) to `to` (exclusive), oldest first, at most `limit`. */
  opened(tenant: string, from: string, to: string, limit: number): Promise<Review[]>;
}

const stored = (row: Selectable<Tables['review']>): Review => ({
  ...row,
  status: row.status as ReviewStatus,
  view: row.view as ReviewDetails,
});

export function createReviewStore(db: Database): ReviewStore {
  return {
    async put({ view, ...review }) {
      const text = JSON.stringify(view);
      await db
        .insertInto('review')
        .values({ ...review, view: text })
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'id']).doUpdateSet({ dueAt: review.dueAt, status: review.status, view: text }),
        )
        .execute();
    },
    async get(tenant, id) {
      const row = await findRow(db, 'review', tenant, id);
      return row === null ? null : stored(row);
    },
    async list(tenant, status) {
      let query = db.selectFrom('review').selectAll().where('tenant', '=', tenant);
      if (status !== undefined) query = query.where('status', '=', status);
      return (await query.orderBy('dueAt').orderBy('id').execute()).map(stored);
    },
    async opened(tenant, from, to, limit) {
      const rows = await db
        .selectFrom('review')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('openedAt', '>=', from)
        .where('openedAt', '<', to)
        .orderBy('openedAt')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(stored);
    },
  };
}

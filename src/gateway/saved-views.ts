/** Named queries that people share by link. They are not evidence: people who open one query as themselves. */
import { randomUUID } from 'node:crypto';
import { CountersignError } from '../contract/index.ts';
import type { SavedViewInput, SavedViewItem } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import type { SavedView } from '../store/index.ts';
import { isOwner, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';

export interface SavedViews {
  /** Auditors and owners see everybody's, others their own. */
  savedViews(caller: Caller): Promise<SavedViewItem[]>;
  /** @throws CountersignError `not-found` */
  savedView(caller: Caller, id: string): Promise<SavedViewItem>;
  /** @throws CountersignError `conflict` once somebody has too many */
  saveView(caller: Caller, input: SavedViewInput): Promise<SavedViewItem>;
  /** Only its maker or an owner removes it. @throws CountersignError `not-found` */
  removeView(caller: Caller, id: string): Promise<void>;
}

type Deps = Pick<GatewayDeps, 'store' | 'now'>;

/** Views of one person or key. */
const VIEWS_MAX = 100;

const itemOf = ({ tenant: _tenant, ...view }: SavedView): SavedViewItem => view;

const missing = (): CountersignError =>
  new CountersignError('not-found', 'there is no such view, or it is not yours; GET /v1/views lists those that are');

export const savedViews = ({ store, now }: Deps): SavedViews => ({
  async savedViews(caller) {
    const { tenant, id } = caller;
    return (await store.savedViews.list(tenant, mayAudit(caller) ? undefined : id)).map(itemOf);
  },
  async savedView({ tenant }, id) {
    const view = await store.savedViews.get(tenant, id);
    if (view === null) throw missing();
    return itemOf(view);
  },
  async saveView({ tenant, id: by }, { name, query, columns = [] }) {
    if ((await store.savedViews.list(tenant, by)).length >= VIEWS_MAX) {
      throw new CountersignError('conflict', `${VIEWS_MAX} views of yours are saved already; remove one first`);
    }
    const id = `view_${randomUUID().replaceAll('-', '')}`;
    const view = { tenant, id, name, query, columns, by, at: now().toISOString() };
    await store.savedViews.add(view);
    return itemOf(view);
  },
  async removeView(caller, id) {
    const view = await store.savedViews.get(caller.tenant, id);
    if (view === null || (view.by !== caller.id && !isOwner(caller))) throw missing();
    await store.savedViews.remove(caller.tenant, id);
  },
});

import type { ActionFacets, ActionList, ProjectionCheck } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import type { FactFilter, FactSort } from '../store/index.ts';

export interface ActionQuery extends FactFilter {
  sort?: FactSort | undefined;
}

/** Finding actions. */
export interface ActionLists {
  /** Those that the caller may see, as the read model has them. @throws CountersignError `invalid-request` */
  actions(caller: Caller, query: ActionQuery, cursor: string | undefined, limit: number): Promise<ActionList>;
  /** How many there are of each value. */
  actionFacets(caller: Caller, filter: FactFilter): Promise<ActionFacets>;
  /** Compares the read model with the records, from that entry on. @throws CountersignError `forbidden` */
  checkProjection(caller: Caller, from: number): Promise<ProjectionCheck>;
  /** Makes it again. @throws CountersignError `forbidden` */
  rebuildProjection(caller: Caller): Promise<{ size: number; logSize: number }>;
}

import type {
  ActionFacets,
  ActionList,
  ProjectionCheck,
  ProjectionRebuilt,
  RowComparison,
} from '../contract/views/index.ts';
import type { ActionFormat } from '../export/actions/index.ts';
import type { Exported } from './exported.ts';
import type { Caller } from '../identity/index.ts';
import type { FactFilter, FactSort } from '../store/index.ts';

export interface ActionQuery extends FactFilter {
  sort?: FactSort | undefined;
}

export interface ActionListQuery extends ActionQuery {
  /** How many there are of each value, with the page. */
  facets?: boolean | undefined;
}

export interface ActionExportQuery extends ActionQuery {
  format: ActionFormat;
  /** Time zone of the local times; UTC by default. */
  zone?: string | undefined;
}

/** Finding actions. */
export interface ActionLists {
  /** Those that the caller may see, as the read model has them. @throws CountersignError `invalid-request` */
  actions(caller: Caller, query: ActionListQuery, cursor: string | undefined, limit: number): Promise<ActionList>;
  /** How many there are of each value. */
  actionFacets(caller: Caller, filter: FactFilter): Promise<ActionFacets>;
  /** All actions that fit a filter, as a file. The export is sealed. @throws CountersignError `forbidden`, `invalid-request` */
  exportActions(caller: Caller, query: ActionExportQuery): Promise<Exported>;
  /** Compares the read model with the records, from that entry on. @throws CountersignError `forbidden` */
  checkProjection(caller: Caller, from: number): Promise<ProjectionCheck>;
  /** Compares the rows of these actions with their records: of those that the caller may see. */
  compareRows(caller: Caller, actions: readonly string[]): Promise<RowComparison>;
  /** Builds the read model anew. @throws CountersignError `forbidden` */
  rebuildProjection(caller: Caller): Promise<ProjectionRebuilt>;
}

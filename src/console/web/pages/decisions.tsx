/** The table of actions: a question as a sentence, its answer a page at a time. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useTable } from '@tanstack/react-table';
import { useState } from 'preact/hooks';
import type { ActionList, ActionSummary } from '../../../contract/views/index.ts';
import { askActions, readMe, withQuery } from '../api.ts';
import { Badge, Empty, Loading, PageHead, ProblemNotice } from '../ui/pieces.tsx';
import { addressOf, DEFAULT_SORT, queryOf, sentenceOf, type Sort } from '../view/filters.ts';
import { WORDS } from '../words.ts';
import { useZone } from '../zone.tsx';
import { COLUMNS, DEFINITIONS, FEATURES, type Column } from './columns.tsx';
import { MoreFilters } from './more-filters.tsx';
import { BrokenAlarm, useBrokenRows, type BrokenRows } from './row-check.tsx';
import { FacetList, Search, Sentence, useAsked, type Asked } from './question.tsx';
import { SavedViewMenu, useLinkedView } from './saved-views.tsx';
import { Verify } from './verify-panel.tsx';

const SAY = WORDS.decisions;
const PAGE = '50';
const LOOK_AGAIN_MS = 15_000;
const KEPT_COLUMNS = 'countersign.columns';

function readColumns(): Record<string, boolean> {
  const usual = Object.fromEntries(COLUMNS.map(({ id, visible }) => [id, visible]));
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEPT_COLUMNS) ?? '{}');
    return { ...usual, ...(typeof stored === 'object' ? stored : {}) };
  } catch {
    return usual;
  }
}

function ColumnPicker({
  visible,
  choose,
}: {
  visible: Record<string, boolean>;
  choose(id: string, on: boolean): void;
}) {
  return (
    <details class="pop">
      <summary>{SAY.columns}</summary>
      <fieldset class="panel">
        <legend class="visually-hidden">{SAY.columns}</legend>
        {COLUMNS.filter(({ id }) => id !== 'what').map(({ id, name }) => (
          <label key={id} class="check">
            <input
              type="checkbox"
              checked={visible[id] === true}
              onChange={(event) => choose(id, event.currentTarget.checked)}
            />
            {name}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

/** Files of exactly the filtered actions, in the screen's time zone. */
function Exports({ query, zone }: { query: Readonly<Record<string, string>>; zone: string }) {
  const said = WORDS.exports;
  return (
    <details class="pop">
      <summary>{said.title}</summary>
      <div class="panel stack-s">
        {Object.entries(said.formats).map(([format, name]) => (
          <a key={format} href={withQuery('/v1/actions/export', { ...query, format, zone })} download>
            {name}
          </a>
        ))}
        <p class="faint">{said.hint(zone)}</p>
      </div>
    </details>
  );
}

const ARIA_SORT = { up: 'ascending', down: 'descending' } as const;
const ARROW = { up: '↑', down: '↓' } as const;

function directionOf(sort: Sort, by: NonNullable<Column['sort']>): 'up' | 'down' | undefined {
  if (sort === by) return 'up';
  return sort === `-${by}` ? 'down' : undefined;
}

function Heading({ column, sort, ask }: { column: Column; sort: Sort; ask(sort: Sort): void }) {
  const by = column.sort;
  const direction = by === undefined ? undefined : directionOf(sort, by);
  return (
    <th
      scope="col"
      class={column.number === true ? 'num' : undefined}
      aria-sort={direction === undefined ? undefined : ARIA_SORT[direction]}
    >
      {by === undefined ? (
        column.name
      ) : (
        <button type="button" onClick={() => ask(direction === 'down' ? by : `-${by}`)}>
          {column.name}
          <span aria-hidden="true">{direction === undefined ? '↕' : ARROW[direction]}</span>
        </button>
      )}
    </th>
  );
}

const columnOf = (id: string): Column | undefined => COLUMNS.find((column) => column.id === id);

function Actions({
  actions,
  visible,
  sort,
  ask,
  filters,
  broken,
}: Asked & { actions: ActionSummary[]; visible: Record<string, boolean>; broken: BrokenRows }) {
  const table = useTable({
    features: FEATURES,
    columns: DEFINITIONS,
    data: actions,
    state: { columnVisibility: visible },
    getRowId: ({ id }) => id,
  });
  return (
    <div class="table-wrap" role="region" aria-label={SAY.title} tabIndex={0}>
      <table class="cards-on-phone">
        <caption class="visually-hidden">{sentenceOf(filters)}</caption>
        <thead>
          <tr>
            {table.getVisibleLeafColumns().map(({ id }) => {
              const column = columnOf(id);
              return column === undefined ? null : (
                <Heading key={id} column={column} sort={sort} ask={(by) => ask(filters, by)} />
              );
            })}
          </tr>
        </thead>
        <tbody>
          {table.getRowModel().rows.map((row) => (
            <tr key={row.id} data-tone={broken.has(row.id) ? 'bad' : undefined}>
              {row.getVisibleCells().map((cell) => {
                const column = columnOf(cell.column.id);
                const value = column?.cell(row.original);
                if (column?.id === 'what')
                  return (
                    <th key={cell.id} scope="row">
                      {value}
                      <BrokenMark why={broken.get(row.id)} />
                    </th>
                  );
                return (
                  <td
                    key={cell.id}
                    class={column?.number === true ? 'num' : undefined}
                    data-label={column?.name}
                    data-empty={value === null || value === '' ? '' : undefined}
                  >
                    {value}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const BrokenMark = ({ why }: { why: string | undefined }) =>
  why === undefined ? null : (
    <p class="row broken">
      <Badge tone="bad">{WORDS.rows.mark}</Badge> {why}
    </p>
  );

/** How many actions began since the page was loaded. The page does not jump while somebody reads. */
function useFresh(query: Readonly<Record<string, string>>, sort: Sort, newest: ActionSummary | undefined): number {
  const watched = sort === DEFAULT_SORT && newest !== undefined;
  const look = useQuery({
    queryKey: ['fresh', query],
    queryFn: ({ signal }) => askActions({ ...query, limit: PAGE }, signal),
    enabled: watched,
    refetchInterval: LOOK_AGAIN_MS,
    staleTime: 0,
  });
  if (!watched) return 0;
  return (look.data?.actions ?? []).filter(({ firstIndex }) => firstIndex > newest.firstIndex).length;
}

const foundWords = ({ atLeast, exact }: ActionList['count']): string =>
  SAY.count(`${atLeast.toLocaleString('en')}${exact ? '' : '+'}`);

export function DecisionsPage() {
  const asked = useAsked();
  const { filters, sort } = asked;
  const { zone } = useZone();
  const query = queryOf(filters, zone);
  const [visible, setVisible] = useState(readColumns);
  const list = useInfiniteQuery({
    queryKey: ['actions', query, sort],
    queryFn: ({ signal, pageParam }) =>
      askActions(
        { ...query, sort, limit: PAGE, ...(pageParam === '' ? { facets: 'true' } : { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page: ActionList) => page.next_cursor,
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
  });
  const pages = list.data?.pages ?? [];
  const actions = pages.flatMap((page) => page.actions);
  const [head] = pages;
  const { broken, failed } = useBrokenRows(actions, list.dataUpdatedAt);
  const fresh = useFresh(query, sort, head?.actions[0]);
  const keep = (next: Record<string, boolean>): void => {
    setVisible(next);
    try {
      localStorage.setItem(KEPT_COLUMNS, JSON.stringify(next));
    } catch {
      return;
    }
  };
  const choose = (id: string, on: boolean): void => keep({ ...visible, [id]: on });
  const unopened = useLinkedView((wanted) =>
    keep(Object.fromEntries(COLUMNS.map(({ id }) => [id, wanted.includes(id)]))),
  );
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data;
  const tenant = me?.tenant;
  const reads = me?.roles.some((role) => role === 'auditor' || role === 'owner') === true;
  const hidden = actions.filter(({ undisclosed }) => undisclosed).length;
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <div class="row no-print">
        <Search {...asked} />
        <span class="row row-end">
          {me === undefined ? null : (
            <SavedViewMenu
              me={me}
              query={addressOf(filters, sort).replace(/^\?/, '')}
              columns={COLUMNS.flatMap(({ id }) => (visible[id] === true ? [id] : []))}
            />
          )}
          {reads ? <Exports query={{ ...query, sort }} zone={zone} /> : null}
          <ColumnPicker visible={visible} choose={choose} />
        </span>
      </div>
      {unopened === null ? null : <ProblemNotice error={unopened} />}
      <div class="stack-s">
        <Sentence {...asked} />
        <MoreFilters {...asked} />
      </div>
      <div class="side-by-side">
        <FacetList {...asked} facets={head?.facets ?? {}} />
        <div class="stack-s">
          {fresh === 0 ? null : (
            <p>
              <button type="button" onClick={() => void list.refetch()}>
                {SAY.fresh(fresh)}
              </button>
            </p>
          )}
          <p class="row faint" role="status">
            {head === undefined ? null : (
              <>
                <span>{foundWords(head.count)}</span>
                <span>{SAY.asOf(head.asOf.size, head.asOf.logSize)}</span>
                <span>{WORDS.zone.sentence(zone)}</span>
              </>
            )}
          </p>
          <BrokenAlarm broken={broken} failed={failed} />
          {hidden === 0 ? null : <p class="faint">{SAY.undisclosed(hidden, actions.length)}</p>}
          {list.error !== null ? <ProblemNotice error={list.error} again={() => void list.refetch()} /> : null}
          {list.isLoading ? <Loading /> : null}
          {head !== undefined && actions.length === 0 ? <Nothing asked={Object.keys(filters).length > 0} /> : null}
          {actions.length === 0 ? null : <Actions {...asked} actions={actions} visible={visible} broken={broken} />}
          {actions.length === 0 || tenant === undefined ? null : (
            <Verify
              key={actions.map(({ lastIndex }) => lastIndex).join()}
              tenant={tenant}
              wanted={actions.map((row) => ({ id: row.id, hashes: null, row }))}
              go={SAY.verify(actions.length)}
            />
          )}
          {list.hasNextPage ? (
            <p class="no-print">
              <button type="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
                {SAY.next}
              </button>
            </p>
          ) : null}
        </div>
      </div>
    </div>
  );
}

function Nothing({ asked }: { asked: boolean }) {
  if (asked)
    return (
      <Empty title={SAY.emptyTitle}>
        <p>{SAY.emptyText}</p>
      </Empty>
    );
  return (
    <Empty title={SAY.noneTitle}>
      <p>{SAY.noneText}</p>
      <pre class="code">
        <code>{SAY.noneCommand}</code>
      </pre>
    </Empty>
  );
}

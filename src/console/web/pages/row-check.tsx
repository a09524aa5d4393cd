/** Rows are claims. The server compares those on the page with their records, and differing rows are marked. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ActionSummary, RowComparison } from '../../../contract/views/index.ts';
import { get, withQuery } from '../api.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.rows;
/** Rows of one request to the server. */
const ROWS = 50;

/** What is wrong with rows, in words, by the id of their action. */
export type BrokenRows = ReadonlyMap<string, string>;

async function compare(ids: readonly string[], signal: AbortSignal): Promise<BrokenRows> {
  const broken = new Map<string, string>();
  for (let at = 0; at < ids.length; at += ROWS) {
    const asked = ids.slice(at, at + ROWS);
    const path = withQuery('/v1/actions/differences', { actions: asked.join(',') });
    const { compared, differences } = await get<RowComparison>(path, signal);
    for (const id of asked) if (!compared.includes(id)) broken.set(id, SAY.inserted);
    for (const { action, change, columns } of differences)
      broken.set(action, change === 'altered' ? SAY.differs(columns) : SAY.inserted);
  }
  return broken;
}

/** @param taken when the rows were read: they are compared once for each reading */
export function useBrokenRows(rows: readonly ActionSummary[], taken: number): { broken: BrokenRows; failed: boolean } {
  const ids = rows.map(({ id }) => id);
  const read = useQuery({
    queryKey: ['broken-rows', taken, ids],
    queryFn: ({ signal }) => compare(ids, signal),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
  return { broken: read.data ?? new Map<string, string>(), failed: read.isError };
}

/** Shown above the rows if one of them differs from its records. */
export function BrokenAlarm({ broken, failed }: { broken: BrokenRows; failed: boolean }) {
  if (failed)
    return (
      <p class="note" data-tone="bad" role="alert">
        {SAY.failed}
      </p>
    );
  if (broken.size === 0) return null;
  return (
    <section class="shout stack-s" role="alert">
      <h2>{SAY.title(broken.size)}</h2>
      <p>{SAY.text}</p>
    </section>
  );
}

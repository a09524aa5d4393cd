/** Saved queries: opened by link, and removed by the person who made them. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'preact/hooks';
import { useLocation, useSearch } from 'wouter';
import type { Me, SavedViewItem } from '../../../contract/views/index.ts';
import { get, post, remove } from '../api.ts';
import { ProblemNotice } from '../ui/pieces.tsx';
import { WORDS } from '../words.ts';

const SAY = WORDS.views;
const KEY = ['views'] as const;

const linkOf = ({ id }: SavedViewItem): string => `${location.origin}/console/decisions?view=${id}`;

/** The address that a link to a view stands for. */
export function useLinkedView(show: (columns: readonly string[]) => void): Error | null {
  const id = new URLSearchParams(useSearch()).get('view');
  const [, navigate] = useLocation();
  const read = useQuery({
    queryKey: [...KEY, id],
    enabled: id !== null,
    queryFn: ({ signal }) => get<SavedViewItem>(`/v1/views/${encodeURIComponent(id ?? '')}`, signal),
  });
  useEffect(() => {
    if (id === null || read.data === undefined) return;
    if (read.data.columns.length > 0) show(read.data.columns);
    navigate(`/decisions${read.data.query === '' ? '' : `?${read.data.query}`}`, { replace: true });
  }, [id, read.data]);
  return read.error;
}

/** @param props `query` and `columns` are those that a new view would have */
export function SavedViewMenu({ me, query, columns }: { me: Me; query: string; columns: readonly string[] }) {
  const queries = useQueryClient();
  const list = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => get<{ views: SavedViewItem[] }>('/v1/views', signal),
  });
  const [name, setName] = useState('');
  const [failed, setFailed] = useState<Error | null>(null);
  const [said, setSaid] = useState('');
  const change = (work: Promise<unknown>, then: string): void => {
    setFailed(null);
    work
      .then(() => queries.invalidateQueries({ queryKey: KEY }))
      .then(() => setSaid(then))
      .catch((error: unknown) => setFailed(error instanceof Error ? error : new Error(String(error))));
  };
  const save = (event: Event): void => {
    event.preventDefault();
    change(
      post('/v1/views', { name, query, columns }).then(() => setName('')),
      SAY.saved,
    );
  };
  const views = list.data?.views ?? [];
  return (
    <details class="pop">
      <summary>{SAY.title}</summary>
      <div class="panel stack-s">
        {views.length === 0 ? <p class="faint">{SAY.none}</p> : null}
        <ul class="stack-s">
          {views.map((view) => (
            <li key={view.id} class="row">
              <a href={linkOf(view)}>{view.name}</a>
              <button
                type="button"
                class="plain"
                onClick={() => change(navigator.clipboard.writeText(linkOf(view)), SAY.copied(view.name))}
              >
                {SAY.copy} <span class="visually-hidden">{view.name}</span>
              </button>
              {view.by === me.id || me.roles.includes('owner') ? (
                <button type="button" class="plain" onClick={() => change(remove(`/v1/views/${view.id}`), SAY.removed)}>
                  {SAY.remove} <span class="visually-hidden">{view.name}</span>
                </button>
              ) : null}
            </li>
          ))}
        </ul>
        <form class="stack-s" onSubmit={save}>
          <label class="field">
            <span>{SAY.name}</span>
            <input type="text" required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} />
          </label>
          <p>
            <button type="submit">{SAY.save}</button>
          </p>
          <p class="faint">{SAY.hint}</p>
        </form>
        <p role="status">{said}</p>
        {failed === null ? null : <ProblemNotice error={failed} />}
      </div>
    </details>
  );
}

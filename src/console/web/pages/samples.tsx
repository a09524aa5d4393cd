/** A sample that nobody chose: drawn by the log's own root and the auditor's word, proven in the page. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import { Link, useSearch } from 'wouter';
import type { DrawnSample } from '../../../contract/views/index.ts';
import { post, readMe, withQuery } from '../api.ts';
import { SubmitForm } from '../ui/form.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Badge, FactList, PageHead, ProblemNotice } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { WORDS } from '../words.ts';
import { Verify } from './verify-panel.tsx';

const SAY = WORDS.samples;
const SHOWN_LOT = 16;
const SHOWN_ID = 16;
/** Actions of one archive. */
const ARCHIVE_MAX = 100;

const drawnQuery = ({ drawn, seed }: DrawnSample): Record<string, string> => ({
  actions: drawn.map(({ id }) => id).join(','),
  sample: `seed ${seed}`,
});

interface Wish {
  size: string;
  word: string;
  surface: string;
  basis: string;
  strata: string;
  allAbove: string;
}

const given = (wish: Wish, query: Record<string, string>): Record<string, string | number> => ({
  ...query,
  size: Number(wish.size),
  word: wish.word.trim(),
  ...Object.fromEntries(
    (['surface', 'basis', 'strata', 'allAbove'] as const).flatMap((name) =>
      wish[name].trim() === '' ? [] : [[name, wish[name].trim()]],
    ),
  ),
});

function Drawn({ sample }: { sample: DrawnSample }) {
  const tenant = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data?.tenant;
  return (
    <section class="stack">
      <div class="card stack-s">
        <h2>{SAY.drawn(sample.drawn.length, sample.population.actions)}</h2>
        <FactList
          of={[
            [SAY.seed, <code key="seed">{sample.seed}</code>],
            [SAY.log, `${sample.log.size}`],
            [SAY.strata, sample.population.strata.map(({ name, actions }) => `${name}: ${actions}`).join('; ')],
          ]}
        />
        <p class="faint">{SAY.again}</p>
      </div>
      {tenant === undefined || sample.drawn.length === 0 ? null : (
        <Verify
          key={sample.seed + sample.drawn.length}
          tenant={tenant}
          wanted={sample.drawn.map(({ id }) => ({ id, hashes: null, row: null }))}
          go={SAY.prove(sample.drawn.length)}
        />
      )}
      {sample.drawn.length > ARCHIVE_MAX ? <p class="faint">{SAY.tooMany(ARCHIVE_MAX)}</p> : null}
      {sample.drawn.length === 0 || sample.drawn.length > ARCHIVE_MAX ? null : (
        <p>
          <a href={withQuery('/v1/export', { format: 'bundle', ...drawnQuery(sample) })} download>
            {SAY.archive(sample.drawn.length)}
          </a>
        </p>
      )}
      <div class="table-wrap" role="region" aria-label={SAY.title} tabIndex={0}>
        <table>
          <caption class="visually-hidden">{SAY.title}</caption>
          <TableHead names={SAY.columns} />
          <tbody>
            {sample.drawn.map(({ id, stratum, by, lot }) => (
              <tr key={id}>
                <th scope="row">
                  <Link href={`/actions/${id}`} class="mono" title={id}>
                    {id.slice(0, SHOWN_ID)}…
                  </Link>
                </th>
                <td>{stratum}</td>
                <td>
                  <Badge tone={by === 'bound' ? 'warn' : 'quiet'}>{SAY.by[by]}</Badge>
                </td>
                <td class="mono">{lot.slice(0, SHOWN_LOT)}…</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

export function SamplesPage() {
  const period = usePeriod('last quarter');
  const asked = new URLSearchParams(useSearch());
  const [wish, setWish] = useState<Wish>({
    size: '25',
    word: '',
    surface: asked.get('surface') ?? '',
    basis: asked.get('basis') ?? '',
    strata: '',
    allAbove: '',
  });
  const [state, setState] = useState<DrawnSample | Error | null>(null);
  const set = (name: keyof Wish) => (event: { currentTarget: { value: string } }) =>
    setWish({ ...wish, [name]: event.currentTarget.value });
  const draw = (): void => {
    post<DrawnSample>('/v1/samples', given(wish, period.query)).then(setState, (error: unknown) =>
      setState(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <PeriodPicker {...period} />
      <SubmitForm class="card stack-s" submit={draw}>
        <div class="fields">
          <label class="field">
            <span>{SAY.size}</span>
            <input type="number" min={1} max={1000} required value={wish.size} onInput={set('size')} />
          </label>
          <label class="field">
            <span>{SAY.word}</span>
            <input type="text" required maxLength={256} value={wish.word} onInput={set('word')} />
            <span class="hint">{SAY.wordHint}</span>
          </label>
          <label class="field">
            <span>Surface</span>
            <input type="text" value={wish.surface} onInput={set('surface')} />
          </label>
          <label class="field">
            <span>Basis</span>
            <select value={wish.basis} onChange={set('basis')}>
              <option value="">any</option>
              <option value="override">override</option>
              <option value="rule">rule</option>
              <option value="break_glass">break glass</option>
            </select>
          </label>
          <label class="field">
            <span>{SAY.apart}</span>
            <select value={wish.strata} onChange={set('strata')}>
              <option value="">together</option>
              <option value="surface">by surface</option>
              <option value="currency">by currency</option>
            </select>
          </label>
          <label class="field">
            <span>{SAY.above}</span>
            <input type="text" inputMode="decimal" value={wish.allAbove} onInput={set('allAbove')} />
            <span class="hint">{SAY.aboveHint}</span>
          </label>
        </div>
        <p>
          <button type="submit" class="primary">
            {SAY.draw}
          </button>
        </p>
      </SubmitForm>
      {state instanceof Error ? <ProblemNotice error={state} /> : null}
      {state === null || state instanceof Error ? null : <Drawn sample={state} />}
    </div>
  );
}

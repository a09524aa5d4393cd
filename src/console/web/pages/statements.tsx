/** Reconciliation: a statement of a bank, a card processor or a cloud, compared with governed actions. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import { Link } from 'wouter';
import type { ComparedStatement, StatementList } from '../../../contract/views/index.ts';
import { get, post } from '../api.ts';
import { SubmitForm } from '../ui/form.tsx';
import { PeriodPicker, usePeriod } from '../ui/period.tsx';
import { Badge, FactList, PageHead, PersonName, ProblemNotice, Time } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { WORDS } from '../words.ts';

const SAY = WORDS.statements;
const KINDS = ['ungoverned', 'altered', 'doubled', 'contradicted', 'lacking', 'unreadable'] as const;
/** More are in the sealed record and on the command line. */
const SHOWN = 500;

interface Wish {
  source: string;
  by: 'reference' | 'action' | 'resource';
  key: string;
  amount: string;
  currency: string;
  at: string;
}

const mappingOf = ({ by, ...columns }: Omit<Wish, 'source'>): object => ({
  by,
  ...Object.fromEntries(
    Object.entries(columns).flatMap(([name, heading]) => (heading.trim() === '' ? [] : [[name, heading.trim()]])),
  ),
});

function Result({ statement }: { statement: ComparedStatement }) {
  const { counts, issues } = statement;
  return (
    <section class="stack" aria-labelledby="result">
      <div class="card stack-s" role="status">
        <h2 id="result">{SAY.result(counts.agreed, counts.rows)}</h2>
        <p class="row">
          {KINDS.map((kind) => (
            <Badge key={kind} tone={counts[kind] === 0 ? 'quiet' : 'bad'}>
              {kind}: {counts[kind]}
            </Badge>
          ))}
        </p>
        <FactList
          of={[
            [SAY.digest, <code key="file">{statement.file.digest}</code>],
            [SAY.uncompared, String(counts.uncompared)],
            [SAY.log, `${statement.log.included} of ${statement.log.size}`],
            [SAY.record, <code key="record">{statement.record}</code>],
          ]}
        />
      </div>
      {issues.length === 0 ? null : (
        <div class="table-wrap" role="region" aria-label={SAY.issues} tabIndex={0}>
          <table>
            <caption class="visually-hidden">{SAY.issues}</caption>
            <TableHead names={SAY.columns} />
            <tbody>
              {issues.slice(0, SHOWN).map(({ kind, line, key, action, sentence }, at) => (
                <tr key={`${at} ${key}`}>
                  <td>
                    <Badge tone="bad">{kind}</Badge>
                  </td>
                  <td>{line}</td>
                  <td>{action === null ? key : <Link href={`/actions/${action}`}>{key}</Link>}</td>
                  <td>{sentence}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Earlier({ list }: { list: StatementList }) {
  if (list.statements.length === 0) return null;
  return (
    <section class="card stack-s">
      <h2>{SAY.earlier}</h2>
      <ul class="stack-s">
        {list.statements.map(({ source, file, by, at, counts, record }) => (
          <li key={record}>
            <strong>{source}</strong> {file.name} · <PersonName id={by} /> · <Time at={at} /> ·{' '}
            {SAY.result(counts.agreed, counts.rows)}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function StatementsPage() {
  const queries = useQueryClient();
  const period = usePeriod('last month');
  const [wish, setWish] = useState<Wish>({
    source: '',
    by: 'reference',
    key: 'reference',
    amount: 'amount',
    currency: 'currency',
    at: '',
  });
  const [file, setFile] = useState<File | null>(null);
  const [state, setState] = useState<ComparedStatement | Error | null>(null);
  const earlier = useQuery({
    queryKey: ['statements'],
    queryFn: ({ signal }) => get<StatementList>('/v1/statements', signal),
  });
  const set = (name: Exclude<keyof Wish, 'by'>) => (event: { currentTarget: { value: string } }) =>
    setWish({ ...wish, [name]: event.currentTarget.value });
  const compare = async (): Promise<void> => {
    if (file === null) return;
    const { source, ...columns } = wish;
    try {
      const csv = await file.text();
      const body = { source, file: file.name, mapping: mappingOf(columns), csv, ...period.query };
      setState(await post<ComparedStatement>('/v1/statements', body));
      await queries.invalidateQueries({ queryKey: ['statements'] });
    } catch (error) {
      setState(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      <PeriodPicker {...period} />
      <SubmitForm class="card stack-s" submit={() => void compare()}>
        <div class="fields">
          <label class="field">
            <span>{SAY.source}</span>
            <input
              type="text"
              required
              pattern="[A-Za-z0-9][A-Za-z0-9 ._\-]{0,63}"
              value={wish.source}
              onInput={set('source')}
            />
          </label>
          <label class="field">
            <span>{SAY.file}</span>
            <input
              type="file"
              accept=".csv,text/csv"
              required
              onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)}
            />
          </label>
          <label class="field">
            <span>{SAY.by}</span>
            <select
              value={wish.by}
              onChange={({ currentTarget: { value } }) =>
                setWish({ ...wish, by: value === 'action' || value === 'resource' ? value : 'reference' })
              }
            >
              <option value="reference">the executor’s reference</option>
              <option value="action">the action’s id</option>
              <option value="resource">the resource</option>
            </select>
          </label>
          {(['key', 'amount', 'currency', 'at'] as const).map((name) => (
            <label key={name} class="field">
              <span>{SAY.headings[name]}</span>
              <input type="text" required={name === 'key'} value={wish[name]} onInput={set(name)} />
            </label>
          ))}
        </div>
        <p class="row">
          <button type="submit" class="primary">
            {SAY.compare}
          </button>
          <span class="faint">{SAY.hint}</span>
        </p>
      </SubmitForm>
      {state instanceof Error ? <ProblemNotice error={state} /> : null}
      {state === null || state instanceof Error ? null : <Result statement={state} />}
      {earlier.data === undefined ? null : <Earlier list={earlier.data} />}
    </div>
  );
}

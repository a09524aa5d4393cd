/** The policies in force, their history, what they cover, and a what-if. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'preact/hooks';
import { Link } from 'wouter';
import type { Json } from '../../../contract/json.ts';
import type { EvaluationView, Me, PolicyPage, PolicyView, SurfaceList } from '../../../contract/views/index.ts';
import { get, post, readMe } from '../api.ts';
import { SubmitForm } from '../ui/form.tsx';
import { Badge, FactList, Loading, PageHead, PersonName, ProblemNotice, Time } from '../ui/pieces.tsx';
import { TableHead } from '../ui/table-head.tsx';
import { addressOf } from '../view/filters.ts';
import { changedLines } from '../view/policy-text.ts';
import { plainWord, type Tone } from '../view/tones.ts';
import { policiesIn, yamlOf } from '../view/yaml.ts';
import { Backtest } from './backtest.tsx';
import { LimitTables } from './limits.tsx';
import { WORDS } from '../words.ts';

const SAY = WORDS.policies;
const RESULT_TONE: Partial<Record<EvaluationView['trace'][number]['result'], Tone>> = { matched: 'good', error: 'bad' };
const abbreviated = (hash: string): string => `${hash.slice(0, 19)}…`;

const useBundle = (hash: string | null) =>
  useQuery({
    queryKey: ['bundle', hash],
    enabled: hash !== null,
    queryFn: ({ signal }) => get<PolicyView>(`/v1/policies/${hash ?? ''}`, signal),
    staleTime: Infinity,
  });

function InForce({ bundle }: { bundle: PolicyView }) {
  return (
    <section class="card stack-s">
      <h2>{SAY.inForce}</h2>
      <p class="mono">{bundle.bundle}</p>
      {policiesIn(bundle.source).map(({ name, policy }) => (
        <details key={name}>
          <summary>{name}</summary>
          <pre class="code" tabIndex={0}>
            <code>{yamlOf(policy)}</code>
          </pre>
        </details>
      ))}
    </section>
  );
}

/** The changes of one bundle from the one before, line by line. */
function Difference({ from, to }: { from: string | null; to: string }) {
  const [before, after] = [useBundle(from), useBundle(to)];
  if (after.data === undefined || (from !== null && before.data === undefined)) return <Loading />;
  const text = (view: PolicyView | undefined): string =>
    policiesIn(view?.source ?? null)
      .map(({ policy }) => yamlOf(policy))
      .join('\n');
  const lines = changedLines(text(before.data), text(after.data));
  if (lines.length === 0) return <p class="soft">{SAY.same}</p>;
  return (
    <pre class="code" tabIndex={0}>
      <code>
        {lines.map(({ sign, text: line }, at) => (
          <span key={`${at} ${line}`} class={sign === '+' ? 'added' : 'removed'}>
            {`${sign} ${line}\n`}
          </span>
        ))}
      </code>
    </pre>
  );
}

function History({ page }: { page: PolicyPage }) {
  return (
    <section class="card stack-s">
      <h2>{SAY.history}</h2>
      <ol class="timeline">
        {page.activations.map(({ bundle, previous, action, by, reason, at, record }) => (
          <li key={record} data-tone={bundle === page.inForce ? 'good' : 'quiet'}>
            <p class="said">
              <code>{abbreviated(bundle)}</code> {by === null ? SAY.first : <PersonName id={by} />}
            </p>
            <p class="faint">
              <Time at={at} /> {action === null ? null : <Link href={`/actions/${action}`}>{SAY.approvedBy}</Link>}
            </p>
            {reason === null ? null : <blockquote>{reason}</blockquote>}
            <Changed from={previous} to={bundle} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Changed({ from, to }: { from: string | null; to: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="faint">{SAY.changed}</summary>
      {open ? <Difference from={from} to={to} /> : null}
    </details>
  );
}

function Coverage() {
  const read = useQuery({ queryKey: ['surfaces'], queryFn: ({ signal }) => get<SurfaceList>('/v1/surfaces', signal) });
  if (read.error !== null) return <ProblemNotice error={read.error} />;
  if (read.data === undefined) return <Loading />;
  return (
    <section class="stack-s">
      <h2>{SAY.coverage}</h2>
      <div class="table-wrap" role="region" aria-label={SAY.coverage} tabIndex={0}>
        <table>
          <caption class="visually-hidden">{SAY.coverage}</caption>
          <TableHead names={SAY.coverageColumns} numbers={[2, 3, 4]} />
          <tbody>
            {read.data.surfaces.map(
              ({ surface, governed, policies, actions, neverRedeemed, neverReported, lastAt }) => (
                <tr key={surface}>
                  <th scope="row">
                    <Link href={`/decisions${addressOf({ surface })}`}>{surface}</Link>
                  </th>
                  <td>
                    {governed ? (
                      policies.map(({ name, mode }) => (
                        <div key={name}>
                          {name} {mode === 'observe' ? <Badge tone="warn">observe</Badge> : null}
                        </div>
                      ))
                    ) : (
                      <Badge tone="bad">{SAY.ungoverned}</Badge>
                    )}
                  </td>
                  <td class="num">{actions}</td>
                  <td class="num">{neverRedeemed}</td>
                  <td class="num">{neverReported}</td>
                  <td>{lastAt === null ? null : <Time at={lastAt} />}</td>
                </tr>
              ),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** As the reader: a person asks as themself, and for nobody else. */
const exampleOf = (id: string): string =>
  JSON.stringify(
    {
      surface: 'payments.refund',
      action: 'refund.create',
      actor: id.startsWith('user:') ? { id, type: 'user' } : { id: 'agent:support-bot', type: 'agent' },
      params: { amount: 420.5, currency: 'USD' },
      context: { environment: 'production' },
    },
    null,
    2,
  );

function Evaluated({ answer: { verdict, plan, trace } }: { answer: EvaluationView }) {
  return (
    <div class="stack-s" role="status">
      <FactList
        of={[
          [SAY.verdict, <Badge key="verdict">{verdict.decision}</Badge>],
          [SAY.basis, plainWord(verdict.basis)],
          [SAY.why, verdict.reasons.join('; ')],
          [SAY.waitsFor, plan?.stages.map(({ name, approvers }) => `${name}: ${approvers.join(', ')}`).join('; ')],
        ]}
      />
      <ol class="stack-s">
        {trace.map(({ policy, rule, when, result, detail }, at) => (
          <li key={`${at} ${policy}`}>
            <Badge tone={RESULT_TONE[result] ?? 'quiet'}>{plainWord(result)}</Badge> {policy} · {rule}{' '}
            {when === null ? null : <code>{when}</code>} {detail}
          </li>
        ))}
      </ol>
    </div>
  );
}

function WhatIf({ me }: { me: Me }) {
  const [text, setText] = useState(exampleOf(me.id));
  const [answer, setAnswer] = useState<EvaluationView | Error | null>(null);
  const ask = async (): Promise<void> => {
    try {
      setAnswer(await post<EvaluationView>('/v1/evaluate', JSON.parse(text) as Json));
    } catch (error) {
      setAnswer(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return (
    <section class="card stack-s">
      <h2>{SAY.whatIf}</h2>
      <SubmitForm class="stack-s" submit={() => void ask()}>
        <label class="field">
          <span>{SAY.request}</span>
          <textarea class="mono" rows={9} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <span class="hint">{SAY.requestHint}</span>
        </label>
        <p>
          <button type="submit">{SAY.ask}</button>
        </p>
      </SubmitForm>
      {answer instanceof Error ? <ProblemNotice error={answer} /> : null}
      {answer === null || answer instanceof Error ? null : <Evaluated answer={answer} />}
    </section>
  );
}

export function PoliciesPage() {
  const page = useQuery({ queryKey: ['policies'], queryFn: ({ signal }) => get<PolicyPage>('/v1/policies', signal) });
  const bundle = useBundle(page.data?.inForce ?? null);
  const me = useQuery({ queryKey: ['me'], queryFn: ({ signal }) => readMe(signal) }).data;
  return (
    <div class="stack">
      <PageHead title={SAY.title} lead={SAY.lead} />
      {page.error === null ? null : <ProblemNotice error={page.error} />}
      {page.isLoading ? <Loading /> : null}
      <div class="grid-wide">
        {bundle.data === undefined ? null : <InForce bundle={bundle.data} />}
        {page.data === undefined ? null : <History page={page.data} />}
      </div>
      <Coverage />
      <LimitTables />
      {page.data === undefined ? null : <Backtest page={page.data} />}
      {me === undefined ? null : <WhatIf me={me} />}
    </div>
  );
}

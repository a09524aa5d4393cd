/** A bundle's verdicts on actions that were already judged: figures, and the actions with another verdict. */
import { useState } from 'preact/hooks';
import { Link } from 'wouter';
import type { BacktestView, PolicyPage } from '../../../contract/views/index.ts';
import { post } from '../api.ts';
import { ProblemNotice } from '../ui/pieces.tsx';
import { plainWord } from '../view/tones.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.backtest;
const EXAMPLES = 20;

function Result({ report: { total, changed, transitions, examples, lines } }: { report: BacktestView }) {
  return (
    <div class="stack-s" role="status">
      <p>{SAY.result(total, changed)}</p>
      {transitions.length === 0 ? null : (
        <div class="table-wrap" role="region" aria-label={SAY.transitions} tabIndex={0}>
          <table>
            <caption class="visually-hidden">{SAY.transitions}</caption>
            <thead>
              <tr>
                <th scope="col">{SAY.from}</th>
                <th scope="col">{SAY.to}</th>
                <th scope="col" class="num">
                  {SAY.count}
                </th>
              </tr>
            </thead>
            <tbody>
              {transitions.map(({ from, to, count }) => (
                <tr key={`${from} ${to}`}>
                  <td>{plainWord(from)}</td>
                  <td>{plainWord(to)}</td>
                  <td class="num">{count.toLocaleString('en')}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ul class="stack-s">
        {examples.slice(0, EXAMPLES).map(({ name, from, to }) => (
          <li key={name}>
            <Link href={`/actions/${name}`}>
              <code>{name.slice(0, 16)}…</code>
            </Link>{' '}
            {from.decision} ({from.rule}) → {to.decision} ({to.rule})
          </li>
        ))}
      </ul>
      <details>
        <summary class="faint">{SAY.lines}</summary>
        <ul>
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

type State = 'idle' | 'busy' | Error | BacktestView;

function Outcome({ of: state }: { of: State }) {
  if (state instanceof Error) return <ProblemNotice error={state} />;
  return typeof state === 'object' ? <Result report={state} /> : null;
}

/** One bundle, compared with the sealed verdicts. */
export function Backtest({ page: { activations, inForce } }: { page: PolicyPage }) {
  const [bundle, setBundle] = useState(activations.find((one) => one.bundle !== inForce)?.bundle ?? inForce ?? '');
  const [state, setState] = useState<State>('idle');
  const known = [...new Map(activations.map((one) => [one.bundle, one])).values()];
  if (known.length === 0) return null;
  const run = (event: Event): void => {
    event.preventDefault();
    setState('busy');
    post<BacktestView>('/v1/policies/backtest', { bundle }).then(setState, (error: unknown) =>
      setState(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return (
    <section class="card stack-s">
      <h2>{SAY.title}</h2>
      <p class="soft">{SAY.hint}</p>
      <form class="row" onSubmit={run}>
        <label class="field">
          <span>{SAY.bundle}</span>
          <select value={bundle} onChange={(event) => setBundle(event.currentTarget.value)}>
            {known.map((one) => (
              <option key={one.bundle} value={one.bundle}>
                {`${one.at.slice(0, 10)}${one.bundle === inForce ? `, ${SAY.inForce}` : ''} ${one.bundle.slice(0, 19)}…`}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={state === 'busy'}>
          {state === 'busy' ? SAY.busy : SAY.go}
        </button>
      </form>
      <Outcome of={state} />
    </section>
  );
}

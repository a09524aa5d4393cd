/** What somebody was shown before they decided: read from the server, rendered again here, and compared with the sealed hash. */
import { useState } from 'preact/hooks';
import type { ShownAgain } from '../../../contract/views/index.ts';
import { get } from '../api.ts';
import { ProblemNotice } from '../ui/pieces.tsx';
import { WORDS } from '../words.ts';

const SAY = WORDS.shownAgain;

type State = 'idle' | 'busy' | Error | { lines: string[] | null };

async function render(record: string, sealed: { hash: string; renderer: string }): Promise<State> {
  const [{ shownLines }, answer] = await Promise.all([
    import('../view/shown.ts'),
    get<ShownAgain>(`/v1/records/${encodeURIComponent(record)}/shown`),
  ]);
  // The hash comes from the verified record, not from the answer.
  return { lines: shownLines({ ...answer, shown: sealed }) };
}

export function RenderedAgain({ record, by, sealed }: { record: string; by: string; sealed: ShownAgain['shown'] }) {
  const [state, setState] = useState<State>('idle');
  const start = (): void => {
    setState('busy');
    render(record, sealed).then(setState, (error: unknown) =>
      setState(error instanceof Error ? error : new Error(String(error))),
    );
  };
  if (state === 'idle' || state === 'busy')
    return (
      <p class="no-print">
        <button type="button" disabled={state === 'busy'} onClick={start}>
          {state === 'busy' ? SAY.busy : SAY.go}
        </button>
      </p>
    );
  if (state instanceof Error) return <ProblemNotice error={state} />;
  if (state.lines === null)
    return (
      <div class="shout stack-s" role="alert">
        <h3>{SAY.badTitle}</h3>
        <p>{SAY.bad(sealed.hash)}</p>
      </div>
    );
  return (
    <section class="note stack-s" data-tone="good" aria-label={SAY.title(by)}>
      <p>{SAY.good(by, sealed.renderer, sealed.hash)}</p>
      <ul class="shown-lines">
        {state.lines.map((line, at) => (
          <li key={`${String(at)} ${line}`}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

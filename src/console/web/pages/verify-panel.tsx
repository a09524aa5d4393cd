/** Verifies what is on the page, when the reader asks; the program for it is loaded then. */
import { useState } from 'preact/hooks';
import type { JsonObject } from '../../../contract/json.ts';
import type { Action } from '../../../contract/index.ts';
import type { ActionSummary, PolicyView } from '../../../contract/views/index.ts';
import { ApiProblem, get, getText, readMe } from '../api.ts';
import { pinnedKeys } from '../pins.ts';
import { ProblemNotice } from '../ui/pieces.tsx';
import type { Verification } from '../view/verify.ts';
import { WORDS } from '../words.ts';

const SAY = WORDS.verify;

export interface Wanted {
  id: string;
  /** Records, oldest first; asked for where they are not known. */
  hashes: readonly string[] | null;
  row: ActionSummary | null;
}

interface Outcome {
  results: Verification[];
  engine: string;
  pinned: boolean;
  differs: boolean;
}

async function run(tenant: string, wanted: readonly Wanted[]): Promise<Outcome> {
  const verifier = await import('../view/verify.ts');
  const at = `/log/${encodeURIComponent(tenant)}`;
  const [published, vkey, history] = await Promise.all([
    get<{ keys: JsonObject[] }>(`${at}/jwks.json`),
    getText(`${at}/vkey`),
    get<JsonObject>(`${at}/keys.json`),
  ]);
  const pins = pinnedKeys();
  const vkeys = [vkey.trim()];
  const differs = pins !== null && !pins.logKeys.includes(vkeys[0] ?? '');
  const trust = await verifier.trustOf(pins?.recordKeys ?? published.keys, pins?.logKeys ?? vkeys, history);
  const audits = (await readMe()).roles.some((role) => role === 'auditor' || role === 'owner');
  const receiptOf = (hash: string): Promise<unknown> => get<unknown>(`/v1/records/${hash}/receipt`);
  const bundles = new Map<string, Promise<PolicyView['source'] | null>>();
  const sources = {
    receipt: receiptOf,
    // For an auditor a record that is not found is missing; others may just not be allowed to read it.
    enrolment: (hash: string) =>
      receiptOf(hash).catch((error: unknown) => {
        if (!audits && error instanceof ApiProblem && [403, 404].includes(error.status)) return null;
        throw error;
      }),
    bundle: (hash: string) => {
      const asked =
        bundles.get(hash) ??
        get<PolicyView>(`/v1/policies/${hash}`).then(
          ({ source }) => source,
          () => null,
        );
      bundles.set(hash, asked);
      return asked;
    },
  };
  const results: Verification[] = [];
  for (const { id, hashes, row } of wanted) {
    const known = hashes ?? (await get<Action>(`/v1/actions/${id}`)).records;
    results.push(await verifier.verifyAction({ id, hashes: known, row }, sources, trust));
  }
  return { results, engine: verifier.engineOfPage(), pinned: pins !== null, differs };
}

const shortId = (id: string): string => `${id.slice(0, 16)}…`;

function Result({ outcome }: { outcome: Outcome }) {
  const { results, engine, pinned, differs } = outcome;
  const good = results.filter(({ passed }) => passed);
  const holds = good.length === results.length && !differs;
  const about = (
    <p class="faint">
      {SAY.engine(engine)} {pinned ? SAY.pinned : SAY.published}
    </p>
  );
  const single = results.length === 1;
  const listed = single ? results : results.filter(({ passed }) => !passed);
  return (
    <div
      class={holds ? 'note stack-s' : 'shout stack-s'}
      data-tone={holds ? 'good' : 'bad'}
      role={holds ? 'status' : 'alert'}
    >
      <h2>{holds ? SAY.good : SAY.badTitle}</h2>
      {holds ? null : <p>{SAY.badText}</p>}
      {differs ? <p>{SAY.pinDiffers}</p> : null}
      {single ? null : <p>{SAY.summary(good.length, results.length)}</p>}
      {listed.map(({ action, checks }) => (
        <div key={action} class="stack-s">
          {single ? null : <h3 class="mono">{shortId(action)}</h3>}
          <ul class="checks">
            {checks.map(({ passed, text }) => (
              <li key={text} data-tone={passed ? 'good' : 'bad'}>
                <span>
                  <span class="visually-hidden">{passed ? 'passed: ' : 'failed: '}</span>
                  {text}
                </span>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {about}
    </div>
  );
}

export function Verify({ tenant, wanted, go }: { tenant: string; wanted: readonly Wanted[]; go: string }) {
  const [state, setState] = useState<'idle' | 'busy' | Error | Outcome>('idle');
  const start = (): void => {
    setState('busy');
    run(tenant, wanted).then(setState, (error: unknown) =>
      setState(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return (
    <div class="stack-s">
      <p>
        <button type="button" class="no-print" disabled={state === 'busy'} onClick={start}>
          {state === 'busy' ? SAY.busy : go}
        </button>
      </p>
      {state instanceof Error ? <ProblemNotice error={state} /> : null}
      {typeof state === 'object' && 'results' in state ? <Result outcome={state} /> : null}
    </div>
  );
}

/** `countersign policy suggest`: rules and grants that would have asked people less, by sealed history, each as a diff with its cases. */
import { readBounds } from '../contract/index.ts';
import { suggestionsSchema, type SuggestionsView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import type { RangeOptions } from './policy-compare.ts';
import { readFolder } from './policy-folder.ts';
import { usage } from './values.ts';

export interface SuggestVerbOptions extends RangeOptions {
  through?: string;
  least?: string;
}

/** The time limit in milliseconds for trying changes on thousands of sealed actions. */
const LONG_MS = 120_000;

function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[0-9]{1,4}$/.test(text)) return Number(text);
  throw usage(`\`${option} ${text}\` is no number; give a whole one`);
}

export async function suggestVerb(io: Io, options: SuggestVerbOptions): Promise<void> {
  const [through, least] = [countOf('--through', options.through), countOf('--least', options.least)];
  const { files } = await readFolder(io, options.policies);
  const body = {
    files,
    ...readBounds(options),
    ...(options.surface === undefined ? {} : { surface: options.surface }),
    ...(through === undefined ? {} : { through }),
    ...(least === undefined ? {} : { least }),
  };
  const connection = await connect(io, options);
  const answer = await call(connection, { method: 'POST', path: 'v1/policies/suggest', body, allowMs: LONG_MS });
  if (options.json === true) io.json(answer);
  else describe(io, readAnswer(suggestionsSchema, answer));
}

/** The diffs alone on standard output: `countersign policy suggest | git apply` takes them all. */
function describe(io: Io, { total, approved, refused, truncated, suggestions }: SuggestionsView): void {
  io.err(`${String(total)} sealed verdicts: people approved ${String(approved)} and refused ${String(refused)}`);
  if (truncated) io.err('only the newest were looked at; narrow it with `--from` and `--to`');
  if (suggestions.length === 0) io.err('nothing would have asked less without letting through what people refused');
  for (const { policy, rule, says, fewer, through, diff } of suggestions) {
    io.err(
      `${policy} / ${rule}: ${says}: ${String(fewer)} fewer questions, ${String(through)} let through that people refused`,
    );
    for (const line of diff.trimEnd().split('\n')) io.out(line);
  }
}

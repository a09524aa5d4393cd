/** What the approver of a policy change must know: its rules in words, and which verdicts change. */
import type { JsonObject } from '../contract/index.ts';
import {
  backtest,
  changesInWords,
  diffBundles,
  caseNames,
  type CompiledBundle,
  type PolicyFile,
  type Resolve,
  type SealedCase,
} from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';

import type { GatewayDeps } from './deps.ts';

/** Most characters of each text, because approvers read it uncut. */
const TEXT_MAX = 2000;

export interface Change {
  before: CompiledBundle;
  after: CompiledBundle;
  /** Hash of the previous bundle. */
  previous: string;
  files: readonly PolicyFile[];
  /** Recorded actions that are judged again. */
  sealed: readonly SealedCase[];
}

export async function effectOf(
  deps: GatewayDeps,
  caller: Caller,
  { before, after, previous, files, sealed }: Change,
  resolve: Resolve,
): Promise<JsonObject> {
  const [one, other] = [deps.bundles.asking(before), deps.bundles.asking(after)];
  await one.judged((by) => diffBundles(by, other.bundle, files, resolve));
  const { value: diff } = await other.judged((by) => diffBundles(one.bundle, by, files, resolve));
  const sign = (mark: string, names: string[]): string[] => names.map((name) => `${mark}${name}`);
  const changes = [...sign('+', diff.added), ...sign('-', diff.removed), ...sign('~', diff.changed)];
  const { value: recorded } = await other.judged((by) => backtest(by, sealed, resolve));
  const deleted = await deletedCases(deps, caller.tenant, previous, files);
  return {
    changes: changes.slice(0, 100).join(' ') || 'none',
    rules: joined(changesInWords(before, after)) || 'none',
    recorded: recorded.lines.join('; '),
    askedBy: caller.id,
    ...(files.length === 0
      ? {}
      : {
          effect: `${diff.verdicts.length} of ${diff.total} cases are judged otherwise`,
          ...(diff.verdicts.length === 0
            ? {}
            : { cases: joined(diff.verdicts.map(({ name, why }) => `${name}: ${why}`)) }),
        }),
    ...(deleted.length === 0 ? {} : { deleted: `${deleted.length} cases are deleted: ${joined(deleted)}` }),
  };
}

/** Cases of the previous bundle that this one lacks. */
async function deletedCases(
  { store }: Pick<GatewayDeps, 'store'>,
  tenant: string,
  previous: string,
  files: readonly PolicyFile[],
): Promise<string[]> {
  if (files.length === 0) return [];
  const names = new Set(caseNames(files));
  return ((await store.bundles.cases(tenant, previous)) ?? []).filter((name) => !names.has(name));
}

function joined(lines: readonly string[]): string {
  const paths: string[] = [];
  let length = 0;
  for (const [n, line] of lines.entries()) {
    length += line.length + 1;
    if (length > TEXT_MAX - 40) return `${paths.join('\n')}\nand ${lines.length - n} more`;
    paths.push(line);
  }
  return paths.join('\n');
}

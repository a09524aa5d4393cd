/** Changes that would have asked people less, found in sealed history: rules and grants, each with cases, each tried before it is suggested. */
import type { ActionRequest, JsonObject } from '../../contract/index.ts';
import { kindOfFile, type PolicyFile } from '../build.ts';
import { runCases } from '../cases.ts';
import { backtest } from '../compare.ts';
import { lintFiles } from '../lint.ts';
import { readPolicyFile } from '../parse.ts';
import { leafPaths, readPath, writePath } from '../paths.ts';
import { diffOf, indentOf, inserted, lengthOf, type Insertion } from './edit.ts';
import { grantDraft } from './grants.ts';
import { ruleDrafts } from './rules.ts';
import type { AskingRule, DecidedCase, Draft, Suggestion, SuggestOptions } from './types.ts';

export type { DecidedCase, Suggestion, SuggestOptions } from './types.ts';

/** How many drafts of one rule are tried on history, the most promising first. */
const TRIED_MAX = 6;
/** Suggestions for one rule: the simplest that saves most, and what is beside it. */
const RULES_MAX = 2;

/**
 * @param files a policies folder that builds
 * @param history sealed verdicts, any order
 * @returns those that save most first; each passes lint and its cases, and lets through no more than `through`
 */
export function suggest(
  files: readonly PolicyFile[],
  history: readonly DecidedCase[],
  options: SuggestOptions,
): Suggestion[] {
  const bundle = options.compile(files);
  if (bundle === null) return [];
  const folder: Folder = { files, known: new Set([...lintOf(files, options), ...failedOf(files, options)]) };
  const suggestions = files
    .filter(({ path }) => kindOfFile(path) === 'policy')
    .flatMap((file) => {
      const name = readPolicyFile(file).policy?.policy;
      const policy = bundle.policies.find((one) => one.name === name);
      return (policy?.rules ?? []).flatMap((rule, index) =>
        policy === undefined || rule.then !== 'supervise'
          ? []
          : ofRule(
              folder,
              file,
              { policy, rule, index, cases: askedBy(history, policy.name, rule.id) },
              history,
              options,
            ),
      );
    });
  return suggestions.sort((a, b) => b.fewer - a.fewer || (a.says < b.says ? -1 : 1));
}

/** The given files, with their existing problems. */
interface Folder {
  files: readonly PolicyFile[];
  known: ReadonlySet<string>;
}

/** Questions that one rule asked, and no other. */
const askedBy = (history: readonly DecidedCase[], policy: string, rule: string): DecidedCase[] =>
  history.filter(
    ({ verdict }) =>
      verdict.decision === 'supervise' &&
      verdict.basis === 'rule' &&
      verdict.mode === 'enforce' &&
      verdict.policy === policy &&
      verdict.rule === rule,
  );

function ofRule(
  folder: Folder,
  file: PolicyFile,
  asking: AskingRule,
  history: readonly DecidedCase[],
  options: SuggestOptions,
): Suggestion[] {
  const { policy, rule } = asking;
  // People keep looking at effects that cannot be undone, and at rules that want several people or a passkey.
  const kind = rule.effect ?? policy.effect;
  const careful = (rule.approval?.stages ?? []).some(({ quorum, assurance }) => quorum > 1 || assurance !== null);
  if (kind === 'irreversible' || careful) return [];
  const rules = ruleDrafts(asking, options)
    .sort((a, b) => b.promised - a.promised || a.says.length - b.says.length)
    .slice(0, TRIED_MAX)
    .flatMap((draft) => tried(folder, file, asking, draft, history, options) ?? [])
    .slice(0, RULES_MAX);
  const grant = kind === null ? null : grantDraft(asking, options);
  const granting = grant === null ? null : tried(folder, file, asking, grant, history, options);
  return granting === null ? rules : [...rules, granting];
}

/** Null unless the changed files build, lint as before, pass their cases, and save what was promised. */
function tried(
  { files, known }: Folder,
  file: PolicyFile,
  asking: AskingRule,
  draft: Draft,
  history: readonly DecidedCase[],
  options: SuggestOptions,
): Suggestion | null {
  const changed = changedFiles(files, file, asking, draft);
  if (changed === null) return null;
  const after = [
    ...files.filter(({ path }) => !changed.some(({ to }) => to.path === path)),
    ...changed.map(({ to }) => to),
  ];
  const bundle = options.compile(after);
  if (bundle === null) return null;
  if ([...lintOf(after, options), ...failedOf(after, options)].some((one) => !known.has(one))) return null;
  const counted = draft.counted ?? savedBy(bundle, history, options);
  if (counted === null || counted.fewer < options.least || counted.through > options.through) return null;
  return {
    kind: draft.kind,
    policy: asking.policy.name,
    rule: asking.rule.id,
    says: draft.says,
    ...counted,
    diff: changed.map(({ from, insertion }) => diffOf(from, insertion)).join(''),
    files: changed.map(({ to }) => to),
  };
}

/** What lint says, wherever it stands in its file. */
const lintOf = (files: readonly PolicyFile[], { resolve }: SuggestOptions): string[] =>
  lintFiles(files, { resolve }).map(({ file, message }) => `${file} ${message}`);

/** Cases that fail. */
function failedOf(files: readonly PolicyFile[], { compile, resolve }: SuggestOptions): string[] {
  const bundle = compile(files);
  if (bundle === null) return [];
  const { results, problems } = runCases(bundle, files, resolve);
  return [
    ...results.filter(({ pass }) => !pass).map(({ file, name }) => `${file}: ${name}`),
    ...problems.map(({ file, message }) => `${file}: ${message}`),
  ];
}

/** By history itself; null where anything is released that policy refused. */
function savedBy(
  bundle: NonNullable<ReturnType<SuggestOptions['compile']>>,
  history: readonly DecidedCase[],
  { resolve }: SuggestOptions,
): { fewer: number; through: number } | null {
  const decided = new Map(history.map((one) => [one.name, one.decided]));
  const { changed } = backtest(bundle, history, resolve);
  const released = changed.filter(({ to }) => to.decision === 'approve' || to.decision === 'constrain');
  if (released.some(({ from }) => from.decision === 'refuse')) return null;
  const asked = released.filter(({ from }) => from.decision === 'supervise');
  const count = (said: DecidedCase['decided']): number => asked.filter(({ name }) => decided.get(name) === said).length;
  return { fewer: count('approved'), through: count('refused') };
}

interface ChangedFile {
  from: PolicyFile;
  to: PolicyFile;
  insertion: Insertion;
}

/** Null where no line can be inserted into the text. */
function changedFiles(
  files: readonly PolicyFile[],
  file: PolicyFile,
  asking: AskingRule,
  draft: Draft,
): ChangedFile[] | null {
  const insertion = draft.when === null ? grantInsertion(file, draft) : ruleInsertion(file, asking, draft.when, draft);
  if (insertion === null) return null;
  const casesPath = file.path.replace(/\.ya?ml$/i, '.test.yaml');
  const cases = files.find(({ path }) => path === casesPath) ?? { path: casesPath, text: '' };
  const put = casesInsertion(cases, asking, draft);
  return [
    { from: file, to: inserted(file, insertion), insertion },
    { from: cases, to: inserted(cases, put), insertion: put },
  ];
}

const newRule = ({ policy, rule }: AskingRule): string => {
  const taken = policy.rules.map(({ id }) => id);
  const base = `${rule.id.slice(0, 50)}-as-approved`;
  return taken.includes(base) ? `${base}-${String(taken.length)}` : base;
};

/** The new rule comes right before the asking rule, and repeats everything but its condition. */
function ruleInsertion(file: PolicyFile, asking: AskingRule, when: string, { says }: Draft): Insertion | null {
  const { yaml } = readPolicyFile(file);
  const at = (yaml?.problem(['rules', asking.index], '', null).line ?? 0) - 1;
  const line = file.text.split('\n')[at] ?? '';
  if (!/^ *- /.test(line)) return null;
  const indent = indentOf(file.text, at);
  const current = asking.rule.when.text.trim();
  const condition = current === 'true' ? when : `(${current}) && ${when}`;
  return {
    at,
    lines: [
      `${indent}- id: ${newRule(asking)}`,
      `${indent}  when: ${JSON.stringify(condition)}`,
      `${indent}  then: approve`,
      `${indent}  because: ${JSON.stringify(`People approved the like of it: ${says}.`.slice(0, 500))}`,
    ],
  };
}

function grantInsertion({ text }: PolicyFile, { grants }: Draft): Insertion | null {
  if (grants === null) return null;
  const { upTo, uses, within } = grants;
  const bound = upTo === undefined ? '' : `upTo: ${JSON.stringify(upTo)}, `;
  return { at: lengthOf(text), lines: [`grants: { ${bound}uses: ${String(uses)}, within: ${within} }`] };
}

function casesInsertion(cases: PolicyFile, asking: AskingRule, draft: Draft): Insertion {
  const { inside, outside, says, when } = draft;
  const rows = [
    row(`suggested: ${says}`.slice(0, 200), inside, asking, when === null ? null : newRule(asking)),
    ...(outside === null ? [] : [row(`suggested: not so, and asked as before`, outside, asking, null)]),
  ];
  const head = cases.text === '' ? ['cases:'] : [];
  return { at: lengthOf(cases.text), lines: [...head, ...rows] };
}

/**
 * A case made of a sealed request, with what policy does not disclose left out or replaced.
 *
 * @param by the rule that approves it; null where it is asked
 */
function row(name: string, one: DecidedCase, { policy, rule }: AskingRule, by: string | null): string {
  const request = withoutSecrets(one.request, [...policy.disclose, 'resource.type']);
  const want = by === null ? { decision: 'supervise', rule: rule.id } : { decision: 'approve', rule: by };
  return `  - ${JSON.stringify({ name, now: one.facts.now, request, want })}`;
}

/** What policy discloses; of the rest, texts become `undisclosed`, and other values are left out. */
function withoutSecrets(request: ActionRequest, disclose: readonly string[]): JsonObject {
  const { surface, action, actor } = request;
  let visible: JsonObject = { surface, action, actor: { id: actor.id, type: actor.type } };
  for (const path of leafPaths(request, ['resource', 'params', 'context'])) {
    const value = readPath(request, path);
    const isDisclosed = disclose.some((one) => one === path || path.startsWith(`${one}.`));
    if (value === undefined || (!isDisclosed && (typeof value !== 'string' || PARTICULAR.has(path)))) continue;
    visible = writePath(visible, path.split('.'), isDisclosed ? value : 'undisclosed');
  }
  return visible;
}

/** Fields whose text must have a certain form. */
const PARTICULAR: ReadonlySet<string> = new Set(['context.folder', 'context.urgency', 'context.reason']);

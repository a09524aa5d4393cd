import type { Actor } from '../contract/index.ts';
import { buildBundle, kindOfFile, type PolicyFile } from './build.ts';
import { compileBundle } from './bundle.ts';
import { type PolicyCase, type Resolve, readCases } from './cases.ts';
import type { CompiledBundle, CompiledPolicy, CompiledRef, CompiledRule } from './compiled.ts';
import { implies } from './conditions/index.ts';
import type { ExternalEngines } from './engines.ts';
import { readPolicyFile } from './parse.ts';
import { leafPaths } from './paths.ts';
import { type Problem, didYouMean, excerpt } from './problem.ts';
import { matchesSurface } from './surfaces.ts';
import type { ValuePath } from './yaml.ts';
import { crowds } from './lint-crowds.ts';
import { lateDigests } from './lint-digests.ts';
import { grantsInVain } from './lint-grants.ts';
import type { LintFinding } from './lint-finding.ts';

export interface LintOptions {
  /** Resolves approver references by the directory; without it they are not checked. */
  resolve?: Resolve;
  /** Needed when the bundle holds Cedar or OPA policies. */
  engines?: ExternalEngines;
}

/**
 * Everything wrong, or most likely wrong, with the files of a policies folder: what keeps the bundle from being built, and
 * {@link lint} with its places in the files. A bundle may be published when no problem is an error.
 */
export function lintFiles(files: readonly PolicyFile[], options: LintOptions = {}): Problem[] {
  const { bundle, problems } = buildBundle(files);
  const { cases, problems: caseProblems } = readCases(files);
  problems.push(...files.filter(({ path }) => kindOfFile(path) === 'policy').flatMap(cutTexts));
  if (bundle === null) return [...problems, ...caseProblems];
  const findings = lint(compileBundle(bundle.source, bundle.hash, options.engines), cases, options.resolve);
  const fileProblems = files
    .filter((file) => kindOfFile(file.path) === 'policy')
    .flatMap((file) => {
      const { policy, yaml } = readPolicyFile(file);
      if (policy === null || yaml === null) return [];
      return findings
        .filter((finding) => finding.policy === policy.policy)
        .map((finding) => ({
          ...yaml.problem(finding.place, finding.message, finding.suggestion),
          severity: finding.severity,
        }));
    });
  return [...problems, ...caseProblems, ...fileProblems];
}

/** An unquoted text whose end YAML reads as a comment. */
const CUT = /(?<=^[^#\n]*)\b(because|description):[ \t]+([^\s"'|>#][^\n]*?)([ \t]#[^\n]*)/gm;

function cutTexts({ path, text }: PolicyFile): Problem[] {
  return [...text.matchAll(CUT)].map((match): Problem => {
    const [, name = '', matched = '', rest = ''] = match;
    const before = text.slice(0, match.index).split('\n');
    return {
      severity: 'warning',
      file: path,
      line: before.length,
      column: (before.at(-1)?.length ?? 0) + 1,
      text: excerpt(match[0]),
      message: `\`${name}\` ends before \`${rest.trim().slice(0, 40)}\`, which is a comment`,
      suggestion: `put it in quotes: "${`${matched}${rest}`.slice(0, 60)}…"`,
    };
  });
}

/** Finds rules that never match, fields that are never sent, approvers that do not exist, and surfaces that no case covers. */
export function lint(bundle: CompiledBundle, cases: readonly PolicyCase[], resolve?: Resolve): LintFinding[] {
  return bundle.policies.flatMap((policy) => [
    ...deadRules(policy),
    ...unguardedFields(policy, cases),
    ...(resolve === undefined ? [] : [...missingPeople(policy, resolve), ...crowds(policy, resolve, ANYBODY)]),
    ...untestedSurfaces(policy, cases),
    ...untold(policy),
    ...lateDigests(policy),
    ...openRules(policy),
    ...unboundedRules(policy),
    ...blindRules(policy),
    ...acceptedBlindness(policy),
    ...grantsInVain(policy),
    ...offlineEffects(policy),
  ]);
}

/** What a condition must say to name something: a comparison, a list, a part of a text, a limit. */
const NAMES_SOMETHING =
  /==|\bin\b|[<>]|\.(startsWith|endsWith|contains|matches|exists|all|domain|within)\b|\b(limit|inFolder|hours|cedar|opa)\(/;

/** Rules that approve whatever no other rule names: a spelling that nobody thought of is then approved. */
function openRules(policy: CompiledPolicy): LintFinding[] {
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    // A policy of one rule says openly that it approves everything.
    if (rule.then !== 'approve' || index === 0 || policy.mode === 'observe') return [];
    const positive = rule.when.text.replaceAll(/!\s*\([^()]*(?:\([^()]*\)[^()]*)*\)|"[^"]*"|'[^']*'/g, '');
    if (rule.when.parts()?.length !== 0 && NAMES_SOMETHING.test(positive)) return [];
    return [
      {
        severity: 'warning',
        policy: policy.name,
        place: ['rules', index, 'when'],
        message: `rule \`${rule.id}\` approves whatever no rule before it names`,
        suggestion: 'list what is allowed, and leave the rest to silence, which refuses',
      },
    ];
  });
}

/** Rules whose approvers would not see the values that the rule depends on. */
function blindRules(policy: CompiledPolicy): LintFinding[] {
  const visible = [...policy.disclose, ...policy.show];
  const seen = (field: string): boolean => visible.some((path) => isBelow(field, path) || isBelow(path, field));
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const read = rule.when.outline.fields
      .map((field) => field.path)
      .filter((path) => /^(params|resource)\./.test(path));
    if (rule.then !== 'supervise' || rule.log === 'full' || read.length === 0 || read.some(seen)) return [];
    return [
      {
        severity: 'error',
        policy: policy.name,
        place: ['rules', index, 'when'],
        message: `rule \`${rule.id}\` asks people who would see none of what it reads: ${read.map((path) => `\`${path}\``).join(', ')}`,
        suggestion: 'add one to `disclose` or `show`',
      },
    ];
  });
}

/** Rules whose permits could be used without the engine, although the effect cannot be undone, or is not declared. */
function offlineEffects(policy: CompiledPolicy): LintFinding[] {
  if (!policy.offline) return [];
  return policy.rules.flatMap((rule): LintFinding[] => {
    const kind = rule.effect ?? policy.effect;
    if (rule.then === 'refuse' || (kind !== null && kind !== 'irreversible')) return [];
    const why = kind === null ? 'policy does not say what it does to the world' : 'it cannot be undone';
    return [
      {
        severity: kind === null ? 'warning' : 'error',
        policy: policy.name,
        place: ['release', 'offline'],
        message: `no permit of rule \`${rule.id}\` is ever used offline: ${why}`,
        suggestion:
          kind === null
            ? 'say `effect: { kind: … }`'
            : `remove \`offline\`, or give \`${rule.id}\` a policy of its own`,
      },
    ];
  });
}

/** Rules whose approvers need not read values that are withheld from them. */
function acceptedBlindness(policy: CompiledPolicy): LintFinding[] {
  return policy.rules.flatMap((rule, index): LintFinding[] =>
    rule.approval?.blind === true
      ? [
          {
            severity: 'warning',
            policy: policy.name,
            place: ['rules', index, 'approval', 'blind'],
            message: `rule \`${rule.id}\` lets people approve what they are not shown`,
            suggestion: 'put what they need under `show`, and leave `blind` out',
          },
        ]
      : [],
  );
}

/** Rules that immediately release what cannot be undone, with no limit on how much or how often. */
function unboundedRules(policy: CompiledPolicy): LintFinding[] {
  const bounded = (rule: CompiledRule): boolean => rule.when.outline.calls.some(({ name }) => name === 'limit');
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const kind = rule.effect ?? policy.effect;
    if (kind !== 'irreversible' || !['approve', 'constrain'].includes(rule.then)) return [];
    if (policy.rules.slice(0, index + 1).some(bounded)) return [];
    return [
      {
        severity: 'warning',
        policy: policy.name,
        place: ['rules', index, 'then'],
        message: `rule \`${rule.id}\` releases by itself what cannot be undone, without a limit`,
        suggestion: 'let it supervise or refuse, or ask a limit first',
      },
    ];
  });
}

function deadRules(policy: CompiledPolicy): LintFinding[] {
  const parts = policy.rules.map((rule) => rule.when.parts());
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const place = ['rules', index, 'when'];
    const condition = parts[index];
    if (condition === null || condition === undefined) {
      const message = `rule \`${rule.id}\` never matches: its condition is false`;
      return [{ severity: 'warning', policy: policy.name, place, message, suggestion: 'remove the rule' }];
    }
    const before = policy.rules.findIndex((_earlier, at) => {
      const earlier = at < index ? parts[at] : null;
      return earlier !== null && earlier !== undefined && implies(condition, earlier);
    });
    if (before < 0) return [];
    const by = policy.rules[before]?.id ?? '';
    const always = parts[before]?.length === 0;
    const message = always
      ? `rule \`${rule.id}\` is unreachable: \`${by}\` before it always matches`
      : `rule \`${rule.id}\` is shadowed: whatever it matches, \`${by}\` matches first`;
    return [
      {
        severity: 'error',
        policy: policy.name,
        place,
        message,
        suggestion: `move \`${rule.id}\` before \`${by}\`, or remove it`,
      },
    ];
  });
}

/** Fields of `params` and `resource` that a condition reads although a request may lack them, or that no case ever sends. */
function unguardedFields(policy: CompiledPolicy, cases: readonly PolicyCase[]): LintFinding[] {
  const relevant = cases.filter((one) => covers(policy, one.request.surface));
  const sent = new Set(relevant.flatMap((one) => leafPaths(one.request, ['resource', 'params'])));
  const fields = policy.rules.map((rule) => rule.when.outline.fields);
  const tested = new Set(fields.flatMap((list) => list.filter((field) => field.tested).map((field) => field.path)));
  const findings: LintFinding[] = [];
  const reported = new Set<string>();
  fields.forEach((list, index) => {
    for (const { path } of list) {
      if (!/^(params|resource)\./.test(path) || reported.has(path)) continue;
      const say = (message: string, suggestion: string | null): void => {
        reported.add(path);
        findings.push({
          severity: 'warning',
          policy: policy.name,
          place: ['rules', index, 'when'],
          message,
          suggestion,
        });
      };
      const known = [...sent].some((one) => one === path || one.startsWith(`${path}.`) || path.startsWith(`${one}.`));
      const guarded = [...policy.requires, ...tested].some((one) => one === path || path.startsWith(`${one}.`));
      if (relevant.length > 0 && !known) {
        say(`no case sends \`${path}\``, didYouMean(path, sent) ?? 'write a case that does');
      } else if (!guarded) {
        say(
          `a request without \`${path}\` is refused as an error here`,
          `add it to \`requires\`, or ask has(${path}) first`,
        );
      }
    }
  });
  return findings;
}

/** An actor without a manager, because only references that need no request can be checked in advance. */
const ANYBODY: Actor = { id: 'user:lint', type: 'user' };

function missingPeople(policy: CompiledPolicy, resolve: Resolve): LintFinding[] {
  const findings: LintFinding[] = [];
  const people = (refs: readonly CompiledRef[], place: ValuePath): number | null => {
    const all = new Set<string>();
    let open = false;
    refs.forEach((ref, index) => {
      // Who is on call is only known when somebody is asked.
      if (ref.expression !== null || ref.text === 'manager' || ref.text.startsWith('oncall:')) {
        open = true;
        return;
      }
      const resolved = resolve(ref.text, ANYBODY);
      if (resolved.length === 0) {
        findings.push({
          severity: 'error',
          policy: policy.name,
          place: [...place, index],
          message: `\`${ref.text}\` resolves to nobody`,
          suggestion: 'name an active person, group or role of the directory',
        });
      }
      for (const person of resolved) all.add(person);
    });
    return open ? null : all.size;
  };
  policy.rules.forEach((rule, index) => {
    rule.approval?.stages.forEach((stage, at) => {
      const place = ['rules', index, 'approval', 'stages', at];
      const count = people(stage.approvers, [...place, 'approvers']);
      if (count !== null && count > 0 && count < stage.quorum) {
        const message = `stage \`${stage.name}\` needs ${stage.quorum} people and finds ${count}`;
        findings.push({
          severity: 'error',
          policy: policy.name,
          place,
          message,
          suggestion: 'lower the quorum or name more approvers',
        });
      }
      if (stage.escalate !== null) people(stage.escalate.to, [...place, 'escalate', 'to']);
    });
  });
  if (policy.breakGlass !== null) {
    people(policy.breakGlass.allow, ['breakGlass', 'allow']);
    people(policy.breakGlass.review, ['breakGlass', 'review', 'approvers']);
  }
  return findings;
}

function untestedSurfaces(policy: CompiledPolicy, cases: readonly PolicyCase[]): LintFinding[] {
  return policy.surfaces.flatMap((glob, index): LintFinding[] => {
    if (cases.some((one) => matchesSurface(glob, one.request.surface))) return [];
    const message = `no case covers surface \`${glob}\``;
    return [
      {
        severity: 'warning',
        policy: policy.name,
        place: ['surfaces', index],
        message,
        suggestion: 'write one beside the policy',
      },
    ];
  });
}

const ADDRESSEE = /^(#[^\s#]+|user:\S+|webhook:[a-z][a-z0-9_-]*|https?:\/\/\S+)$/;

/** Entries of `notify` that mean nobody. */
function untold(policy: CompiledPolicy): LintFinding[] {
  const lists: [ValuePath, readonly string[]][] = [
    [['notify'], policy.notify.to],
    ...policy.rules.flatMap((rule, index): [ValuePath, readonly string[]][] =>
      rule.notify === policy.notify ? [] : [[['rules', index, 'notify'], rule.notify.to]],
    ),
  ];
  return lists.flatMap(([place, entries]) =>
    entries.flatMap((entry, index): LintFinding[] =>
      ADDRESSEE.test(entry)
        ? []
        : [
            {
              severity: 'warning',
              policy: policy.name,
              place: [...place, index],
              message: `\`${entry}\` under \`notify\` tells nobody`,
              suggestion: 'write `#channel`, `user:…`, `webhook:NAME` or an https URL',
            },
          ],
    ),
  );
}

function covers(policy: CompiledPolicy, surface: string): boolean {
  return policy.surfaces.some((glob) => matchesSurface(glob, surface));
}

const isBelow = (path: string, above: string): boolean => path === above || path.startsWith(`${above}.`);

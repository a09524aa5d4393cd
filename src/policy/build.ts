import { compareText } from '../canonical/index.ts';
import { sealBundle, surroundings, type Bundle, type BundleSource } from './bundle.ts';
import { compilePolicy } from './compile-policy.ts';
import type { Fault } from './fault.ts';
import type { ExternalPolicy } from './engines.ts';
import { readPolicyFile, type ParsedPolicyFile } from './parse.ts';
import type { Problem } from './problem.ts';
import { GLASS_LIMIT } from './break-glass.ts';
import { holidaysSchema, type Policy } from './schema.ts';
import { clockSchema } from './work-calendar.ts';
import { readYaml, schemaProblems, type YamlFile } from './yaml.ts';

/** A file of the policies folder. `text` is UTF-8 text; for `.wasm` it is the file's bytes in base64. */
export interface PolicyFile {
  path: string;
  text: string;
}

/** What a file of the policies folder is, by its name. */
export type FileKind = 'policy' | 'cases' | 'directory' | 'holidays' | 'cedar' | 'opa' | 'other';

/** Tells the kinds of files of a policies folder apart, ignoring case: `REFUSE.YAML` is a policy. */
export function kindOfFile(path: string): FileKind {
  const name = (path.split(/[\\/]/).at(-1) ?? path).toLowerCase();
  if (/\.test\.ya?ml$/.test(name)) return 'cases';
  // `countersign mcp --init` writes this file beside the policy. It maps tools, and decides nothing.
  if (/\.mapping\.ya?ml$/.test(name)) return 'other';
  if (/^directory\.ya?ml$/.test(name)) return 'directory';
  if (/^holidays\.ya?ml$/.test(name)) return 'holidays';
  if (/\.ya?ml$/.test(name)) return 'policy';
  if (name.endsWith('.cedar')) return 'cedar';
  return name.endsWith('.wasm') ? 'opa' : 'other';
}

/** Days on which nobody works, and by which clock the other days are. */
const holidaysFileSchema = clockSchema.extend({ holidays: holidaysSchema.default({}) });

/**
 * Builds a bundle from the files of a policies folder; cases, directory and other files are passed over. `bundle` is null
 * when any problem is an error. Pure and total: the order of files makes no difference, and nothing is thrown.
 */
export function buildBundle(files: readonly PolicyFile[]): { bundle: Bundle | null; problems: Problem[] } {
  const problems: Problem[] = [];
  const sorted = [...files].sort((a, b) => compareText(a.path, b.path));
  const source: BundleSource = { v: 1, policies: {}, holidays: {}, external: {} };
  const external: ExternalPolicy[] = [];
  const parsed: { file: PolicyFile; parsed: ParsedPolicyFile }[] = [];
  for (const file of sorted) {
    const kind = kindOfFile(file.path);
    if (kind === 'policy') parsed.push({ file, parsed: readPolicyFile(file) });
    else if (kind === 'holidays') problems.push(...addHolidays(file, source));
    else if (kind === 'cedar' || kind === 'opa') problems.push(...addExternal(file, kind, external));
    else if (kind === 'other') problems.push(unread(file.path));
  }
  for (const one of external) source.external[`${one.kind}:${one.name}`] = one.content;
  const around = surroundings(source.holidays, external);
  for (const { file, parsed: one } of parsed) {
    problems.push(...one.problems);
    if (one.policy === null || one.yaml === null) continue;
    const { policy } = one.policy;
    if (Object.hasOwn(source.policies, policy)) {
      problems.push(
        one.yaml.problem(['policy'], `policy \`${policy}\` is there twice`, `rename the one in ${file.path}`),
      );
      continue;
    }
    const { faults } = compilePolicy(one.policy, { ...around, fromFile: true });
    problems.push(...faults.map((fault) => faultProblem(one.yaml as YamlFile, fault)));
    source.policies[policy] = withGlassLimit(one.policy);
  }
  if (parsed.length === 0) {
    problems.push(
      fileProblem(
        sorted[0]?.path ?? 'policies',
        'there is no policy file here',
        'write one, such as payments.refund.yaml',
      ),
    );
  }
  if (problems.some((problem) => problem.severity === 'error')) return { bundle: null, problems };
  return { bundle: sealBundle(source), problems };
}

/** The default is set here, not in the schema, so that a bundle stored before limits existed keeps its meaning. */
function withGlassLimit(policy: Policy): Policy {
  const { breakGlass } = policy;
  return breakGlass === undefined
    ? policy
    : { ...policy, breakGlass: { ...breakGlass, limit: breakGlass.limit ?? GLASS_LIMIT } };
}

function faultProblem(yaml: YamlFile, fault: Fault): Problem {
  return yaml.problem(fault.path, fault.message, fault.suggestion, fault.offset);
}

function fileProblem(file: string, message: string, suggestion: string | null): Problem {
  return { severity: 'error', file, line: 1, column: 1, text: '', message, suggestion };
}

/** Warns about a file that is ignored, because its author may think it is not. */
export function unread(file: string): Problem {
  const message = 'the file is not read: it is no policy, cases, holidays, Cedar or OPA file';
  return { ...fileProblem(file, message, 'remove it, or name it like `payments.refund.yaml`'), severity: 'warning' };
}

function addHolidays(file: PolicyFile, source: BundleSource): Problem[] {
  const { yaml, problems } = readYaml(file.path, file.text);
  if (yaml === null) return problems;
  const read = holidaysFileSchema.safeParse(yaml.value);
  if (!read.success) return schemaProblems(yaml, read.error, () => ['holidays']);
  for (const [name, days] of Object.entries(read.data.holidays)) {
    if (Object.hasOwn(source.holidays, name))
      return [yaml.keyProblem(['holidays', name], `holidays \`${name}\` are there twice`, null)];
    source.holidays[name] = days;
  }
  const { zone, zones } = read.data;
  if (zone === undefined && zones === undefined) return [];
  if (source.clock !== undefined)
    return [yaml.problem([], 'working hours are said twice: keep one `holidays.yaml`', null)];
  source.clock = { ...(zone === undefined ? {} : { zone }), ...(zones === undefined ? {} : { zones }) };
  return [];
}

function addExternal(file: PolicyFile, kind: ExternalPolicy['kind'], external: ExternalPolicy[]): Problem[] {
  const name = (file.path.split(/[\\/]/).at(-1) ?? '').replace(/\.(cedar|wasm)$/i, '');
  if (!/^[a-z][a-z0-9_-]*$/.test(name))
    return [
      fileProblem(
        file.path,
        `\`${name}\` is not a name that a condition can call`,
        'use lower case letters, digits, `-` and `_`',
      ),
    ];
  if (external.some((one) => one.kind === kind && one.name === name))
    return [fileProblem(file.path, `${kind} policy \`${name}\` is there twice`, null)];
  external.push({ kind, name, content: file.text });
  return [];
}

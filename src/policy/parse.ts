import { oncePerFile } from './once-per-file.ts';
import type { Problem } from './problem.ts';
import { policyFields } from './fields.ts';
import { type Policy, policySchema } from './schema.ts';
import { readYaml, schemaProblems, type YamlFile } from './yaml.ts';

/** One policy file, read and checked against the language; conditions are checked when the bundle is built. */
export interface ParsedPolicyFile {
  /** Null when there is any problem. */
  policy: Policy | null;
  problems: Problem[];
  /** Null when the text is not YAML. */
  yaml: YamlFile | null;
}

/** Reads one policy file. `path` is only for messages. Never throws. */
export function parsePolicyFile(path: string, text: string): ParsedPolicyFile {
  const { yaml, problems } = readYaml(path, text);
  if (yaml === null) return { policy: null, problems, yaml };
  const parsed = policySchema.safeParse(yaml.value);
  if (parsed.success) return { policy: parsed.data, problems: [], yaml };
  return { policy: null, problems: schemaProblems(yaml, parsed.error, policyFields), yaml };
}

/** {@link parsePolicyFile} for files that several steps look at. */
export const readPolicyFile = oncePerFile(({ path, text }: { path: string; text: string }) =>
  parsePolicyFile(path, text),
);

/** Changes to the agents and services of a directory file; comments and everything else stay unchanged. Pure. */
import { isMap, isSeq, parseDocument } from 'yaml';
import { CountersignError } from '../contract/index.ts';
import { parseDirectory } from './directory-file.ts';

/** An entry of the file. */
export interface WorkloadEntry {
  id: string;
  owner?: string;
  purpose?: string;
  roles?: string[];
  groups?: string[];
  surfaces?: string[];
  expires?: string;
}

const listOf = (id: string): 'agents' | 'services' => (id.startsWith('service:') ? 'services' : 'agents');

/**
 * The file with an agent or a service added.
 *
 * @throws CountersignError `invalid-request` when the file, or what would become of it, cannot be used
 */
export function addWorkload(path: string, text: string, entry: WorkloadEntry): string {
  return edited(path, text, (document) => {
    const list = listOf(entry.id);
    if (!isSeq(document.get(list))) document.set(list, document.createNode([]));
    document.addIn([list], document.createNode(entry));
  });
}

/**
 * The file with an agent or a service retired: it stays known, and may ask for nothing any more.
 *
 * @throws CountersignError `not-found`; `invalid-request` when the file cannot be used
 */
export function retireWorkload(path: string, text: string, id: string): string {
  return edited(path, text, (document) => {
    const list = document.get(listOf(id));
    const entry = isSeq(list) ? list.items.find((item) => isMap(item) && item.get('id') === id) : undefined;
    if (!isMap(entry)) {
      throw new CountersignError(
        'not-found',
        `the directory has no \`${id}\`; \`countersign agent list\` lists those it has`,
      );
    }
    entry.set('active', false);
  });
}

function edited(path: string, text: string, change: (document: ReturnType<typeof parseDocument>) => void): string {
  check(path, text);
  const document = parseDocument(text);
  change(document);
  const next = document.toString({ lineWidth: 140 });
  check(path, next);
  return next;
}

function check(path: string, text: string): void {
  const [problem] = parseDirectory(path, text).problems;
  if (problem === undefined) return;
  const { line, column, message } = problem;
  throw new CountersignError('invalid-request', `${path}:${line}:${column}: ${message}; nothing was changed`);
}

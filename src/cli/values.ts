/** Reads what was typed as `key=value`, and JSON from files. */
import { readFile, stat } from 'node:fs/promises';
import { isCanonicalError, readInput } from '../canonical/index.ts';
import {
  CountersignError,
  faultOfShape,
  isCountersignError,
  readJson,
  type Json,
  type JsonObject,
} from '../contract/index.ts';
import type { Io } from './io.ts';

/** For commander: gathers a repeatable option. */
export function collectValues(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/**
 * `key=value` pairs as one object. A value is JSON if it parses as JSON (`420.5`, `true`, `["a"]`, `"007"`), else text; a dotted key
 * nests. The later of two pairs wins.
 *
 * @param textKeys Keys whose value is text whatever it looks like.
 * @throws CountersignError `invalid-request`
 */
export function parsePairs(option: string, pairs: readonly string[], textKeys: readonly string[] = []): JsonObject {
  const result: JsonObject = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at);
    if (at < 1) throw usage(`\`${option} ${pair}\` has no \`=\`; write ${option} key=value`);
    const text = pair.slice(at + 1);
    put(option, result, key.split('.'), textKeys.includes(key) ? text : valueOf(option, key, text));
  }
  return result;
}

function put(option: string, into: JsonObject, path: readonly string[], value: Json): void {
  const [head = '', ...rest] = path;
  if (head === '' || head === '__proto__')
    throw usage(`\`${option} ${path.join('.')}=…\` is not a usable key; name a field, such as \`amount\``);
  if (rest.length === 0) {
    into[head] = value;
    return;
  }
  const inner = Object.hasOwn(into, head) ? into[head] : undefined;
  const next: JsonObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
  into[head] = next;
  put(option, next, rest, value);
}

/**
 * JSON if the text parses as JSON, else the text itself.
 *
 * @throws CountersignError `invalid-request` for JSON whose meaning would change
 */
export function valueOf(option: string, key: string, text: string): Json {
  try {
    return readInput(text);
  } catch (error) {
    if (!isCanonicalError(error)) throw error;
    if (error.code === 'malformed-json') return checkedText(option, key, text);
    throw usage(
      `\`${option} ${key}=${text}\` cannot be sent: ${error.message}; for text, write ${option} '${key}=${JSON.stringify(text)}'`,
    );
  }
}

function checkedText(option: string, key: string, text: string): string {
  const fault = faultOfShape(text);
  if (fault !== null) throw usage(`\`${option} ${key}=…\` cannot be sent: ${fault.detail}`);
  return text;
}

/** The JSON object in a file, or on standard input when the name is `-`. */
export async function readJsonObject(
  io: Io,
  file: string,
  read: (text: string) => Json = readInput,
): Promise<JsonObject> {
  const text = await readText(io, file);
  let value: Json;
  try {
    value = readJson(nameOf(file), text, read);
  } catch (error) {
    if (!isCountersignError(error)) throw error;
    throw new CountersignError('invalid-request', error.message, { cause: error, errors: error.errors });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw usage(`${nameOf(file)} is not a JSON object; write \`{…}\``);
  return value;
}

/** The largest text that is read, in bytes. Receipts, requests, keys and openings are far smaller. */
const TEXT_MAX = 64 * 1024 * 1024;

/** The text of a file, or of standard input when the name is `-`. */
export async function readText(io: Io, file: string): Promise<string> {
  if (file === '-') return io.stdin();
  try {
    if ((await stat(file)).size > TEXT_MAX) {
      throw new CountersignError(
        'invalid-request',
        `${nameOf(file)} is larger than 64 MiB; give the file that was meant`,
      );
    }
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CountersignError(
      'invalid-request',
      `${nameOf(file)} cannot be read (${code}); give the path of a file, or \`-\` for standard input`,
      { cause },
    );
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : `\`${file}\``;
}

/** The error of a command that was not understood. */
export function usage(message: string): CountersignError {
  return new CountersignError('invalid-request', message);
}

/** Seconds that `--wait` asks for: none without it, and no limit (null) where it has no value. */
export function waitLimit(wait: string | true | undefined): number | null {
  if (wait === undefined) return 0;
  return wait === true ? null : secondsOf('--wait', wait);
}

/** A number of seconds from the command line: whole, not negative. */
export function secondsOf(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw usage(`\`${option} ${text}\` is not a number of seconds; write a whole number, such as 60`);
  return Number(text);
}

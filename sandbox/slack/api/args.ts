import type { Request } from 'express';
import { SlackApiError } from '../errors.ts';
import { asBoolean, asObjects, isObject, parseJson } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';

/** Arguments of one call, from a query, a form or a JSON body; nested values may come as JSON text. */
export class Args {
  readonly all: JsonObject;

  constructor(all: JsonObject) {
    this.all = all;
  }

  /** A string (or number) argument; undefined when missing or empty. */
  optional(name: string): string | undefined {
    const value = this.all[name];
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  /** @throws SlackApiError `invalid_arguments`, naming what is missing, as Slack does. */
  required(name: string): string {
    const value = this.optional(name);
    if (value !== undefined) return value;
    throw invalidArguments([`[ERROR] missing required field: ${name}`]);
  }

  boolean(name: string): boolean | undefined {
    return asBoolean(this.all[name]);
  }

  /** A nested value; undefined when missing. @throws SlackApiError `code` when it is text but not JSON. */
  json(name: string, code: string): Json | undefined {
    const value = this.all[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string') return value;
    const parsed = parseJson(value);
    if (parsed === undefined) throw new SlackApiError(code);
    return parsed;
  }

  /** A list of objects. @throws SlackApiError `code` when it is anything else. */
  objects(name: string, code: string): JsonObject[] | undefined {
    const value = this.json(name, code);
    if (value === undefined) return undefined;
    const objects = asObjects(value);
    if (!Array.isArray(value) || objects.length !== value.length) throw new SlackApiError(code);
    return objects;
  }
}

/** `invalid_arguments` with the reasons in `response_metadata.messages`. */
export function invalidArguments(messages: string[]): SlackApiError {
  return new SlackApiError('invalid_arguments', { response_metadata: { messages } });
}

/**
 * Reads a call's arguments and token.
 * @throws SlackApiError `invalid_json`, `json_not_object`, `invalid_post_type`.
 */
export function readCall(request: Request, body: string): { args: Args; token: string | undefined } {
  const all: JsonObject = {};
  for (const [key, value] of new URL(request.originalUrl, 'http://sandbox').searchParams) all[key] = value;
  const type = request.get('content-type') ?? '';
  let bodyToken: Json | undefined;
  if (body !== '' && type.startsWith('application/json')) {
    const parsed = parseJson(body);
    if (parsed === undefined) throw new SlackApiError('invalid_json');
    if (!isObject(parsed)) throw new SlackApiError('json_not_object');
    Object.assign(all, parsed);
  } else if (body !== '' && type.startsWith('application/x-www-form-urlencoded')) {
    Object.assign(all, Object.fromEntries(new URLSearchParams(body)));
    bodyToken = all['token'];
  } else if (body !== '') {
    throw new SlackApiError('invalid_post_type');
  }
  delete all['token'];
  const bearer = /^Bearer\s+(\S+)$/i.exec(request.get('authorization') ?? '')?.[1];
  return { args: new Args(all), token: bearer ?? (typeof bodyToken === 'string' ? bodyToken : undefined) };
}

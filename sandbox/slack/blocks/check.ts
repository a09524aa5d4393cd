import { isObject } from '../json.ts';
import type { Json } from '../json.ts';

/** What is wrong with a payload, worded and pointed (`[json-pointer:/blocks/0/text]`) as Slack does. */
export class Issues {
  readonly messages: string[] = [];

  add(message: string, path: string): void {
    this.messages.push(`${message} [json-pointer:${path}]`);
  }
}

/** Adds to `issues` whatever is wrong with `value`, found at `path`. */
export type Check = (value: Json, path: string, issues: Issues) => void;

/** One field of an object. */
export interface Field {
  check: Check;
  required: boolean;
}

export const required = (check: Check): Field => ({ check, required: true });
export const optional = (check: Check): Field => ({ check, required: false });

/** A string of `min` (1 unless said) to `max` characters. */
export function text(max: number, min = 1): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string') issues.add('must be a string', path);
    else if (value.length < min) issues.add(`must be more than ${String(min - 1)} characters`, path);
    else if (value.length > max) issues.add(`must be less than ${String(max + 1)} characters`, path);
  };
}

export const boolean: Check = (value, path, issues) => {
  if (typeof value !== 'boolean') issues.add('must be a boolean', path);
};

export const number: Check = (value, path, issues) => {
  if (typeof value !== 'number') issues.add('must be a number', path);
};

/** A whole number of `min` to `max`. */
export function integer(min: number, max: number): Check {
  return (value, path, issues) => {
    if (typeof value !== 'number' || !Number.isInteger(value)) issues.add('must be an integer', path);
    else if (value < min || value > max) issues.add(`must be between ${String(min)} and ${String(max)}`, path);
  };
}

/** One of `allowed`. */
export function oneOf(...allowed: string[]): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string' || !allowed.includes(value)) {
      issues.add(`must be one of: ${allowed.join(', ')}`, path);
    }
  };
}

/** A string that `test` accepts; `what` says what is wanted. */
export function matching(test: RegExp, what: string): Check {
  return (value, path, issues) => {
    if (typeof value !== 'string' || !test.test(value)) issues.add(what, path);
  };
}

/** An absolute http(s), mailto or tel link of at most 3000 characters. */
export const url: Check = (value, path, issues) => {
  text(3000)(value, path, issues);
  if (typeof value === 'string' && !/^(https?|mailto|tel|slack):/i.test(value)) issues.add('must be a valid url', path);
};

/** `min` to `max` items, each passing `item`. */
export function list(item: Check, max: number, min = 1): Check {
  return (value, path, issues) => {
    if (!Array.isArray(value)) {
      issues.add('must provide an array', path);
      return;
    }
    if (value.length < min) issues.add(`no fewer than ${String(min)} items allowed`, path);
    if (value.length > max) issues.add(`no more than ${String(max)} items allowed`, path);
    value.slice(0, max).forEach((entry, index) => {
      item(entry, `${path}/${String(index)}`, issues);
    });
  };
}

/** An object with exactly these fields: a missing or an unknown one is an issue. */
export function object(fields: Record<string, Field>): Check {
  return (value, path, issues) => {
    if (!isObject(value)) {
      issues.add('must provide an object', path);
      return;
    }
    for (const [name, field] of Object.entries(fields)) {
      const found = value[name];
      if (found !== undefined) field.check(found, `${path}/${name}`, issues);
      else if (field.required) issues.add(`missing required field: ${name}`, path);
    }
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(fields, name)) issues.add(`invalid additional property: ${name}`, path);
    }
  };
}

/** An object whose `type` picks the check; any other type is "unsupported". */
export function typed(kinds: Record<string, Check>): Check {
  return (value, path, issues) => {
    if (!isObject(value)) {
      issues.add('must provide an object', path);
      return;
    }
    const type = value['type'];
    const check = typeof type === 'string' && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
    if (check) check(value, path, issues);
    else if (type === undefined) issues.add('missing required field: type', path);
    else issues.add(`unsupported type: ${String(type)}`, `${path}/type`);
  };
}

/** All of `checks`. */
export function all(...checks: Check[]): Check {
  return (value, path, issues) => {
    for (const check of checks) check(value, path, issues);
  };
}

/** Accepts anything. */
export const anything: Check = () => undefined;

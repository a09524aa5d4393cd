/** Secrets by reference. A file is read at each use, so that a secret can be rotated while the engine runs. */
import { readFileSync } from 'node:fs';
import { CountersignError, type Json } from '../contract/index.ts';

export interface Secrets {
  /** @throws CountersignError `unavailable` where it is missing now; the message quotes nothing from it */
  read(reference: string): string;
  /** The value without any secret that was read before, even if a server sent it back. */
  scrub<T extends Json>(value: T): T;
}

/** Shorter texts would be found in ordinary words. */
const SHORTEST = 6;
const GONE = '[secret]';

export function createSecrets(env: Readonly<Record<string, string | undefined>>): Secrets {
  /** All secrets that were read. A secret that was rotated away must not be disclosed either. */
  const known = new Set<string>();
  const remember = (value: string): void => {
    for (const form of formsOf(value)) {
      if (form.length < SHORTEST) continue;
      known.add(form);
      known.add(encodeURIComponent(form));
      known.add(Buffer.from(form, 'utf8').toString('base64'));
    }
  };
  const clean = (text: string): string => [...known].reduce((left, secret) => left.replaceAll(secret, GONE), text);
  const scrub = (value: Json): Json => {
    if (typeof value === 'string') return clean(value);
    if (Array.isArray(value)) return value.map(scrub);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, below]) => [clean(name), scrub(below)]));
  };
  return {
    read(reference) {
      const value = reference.startsWith('env:') ? env[reference.slice('env:'.length)] : fromFile(reference);
      if (value === undefined || value === '') {
        throw new CountersignError('unavailable', `the secret \`${reference}\` is not there; set it`);
      }
      remember(value);
      return value;
    },
    scrub: <T extends Json>(value: T) => scrub(value) as T,
  };
}

/** The secret itself, the last word of one such as `Bearer …`, and the password of an address. */
function formsOf(value: string): string[] {
  const forms = [value, value.split(' ').at(-1) ?? ''];
  if (!/^[a-z][a-z0-9+.-]*:\/\//.test(value) || !URL.canParse(value)) return forms;
  const { password } = new URL(value);
  return [...forms, password, decoded(password)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function fromFile(reference: string): string | undefined {
  try {
    return readFileSync(reference.slice('file:'.length), 'utf8').replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
}

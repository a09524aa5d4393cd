/** Texts with places for values of the released request: `{params.charge}`, `{params.amount:minor}`, `{params.note?}`, `{key}`. */
import { DECIMAL_DIGITS, formatDecimal, parseDecimal } from '../canonical/index.ts';
import type { ActionRequest, Json, JsonObject } from '../contract/index.ts';
import { placesOf } from '../export/currencies.ts';
import { isPath, readPath } from '../policy/paths.ts';

const PLACE = /\{([^{}]*)\}/g;
const WHOLE = /^\{([^{}]*)\}$/;
const VALUE = /^([a-z][A-Za-z0-9_.-]*?)(:minor)?(\?)?$/;
const ROOTS = /^(params|resource|context|actor)\.|^(action|surface)$/;

/** Characters of one value in an address or a header. */
const TEXT_MAX = 512;

/** Why a value cannot be put in; its message names the place, never the value. */
export class Unfillable extends Error {}

export interface Filling {
  request: ActionRequest;
  /** The idempotency key. */
  key: string;
  /** Of a header; nothing else has any. */
  secret?: (name: string) => string;
}

/** What is wrong with the places of a template, or null. */
export function faultOfTemplate(text: string): string | null {
  const places = [...text.matchAll(PLACE)].map(([, inner = '']) => inner);
  if (/[{}]/.test(text.replaceAll(PLACE, ''))) return 'has a brace that belongs to no place such as `{params.id}`';
  const unknown = places.find((inner) => {
    if (inner === 'key' || /^secret:[a-z][a-z0-9_-]*$/.test(inner)) return false;
    const path = VALUE.exec(inner)?.[1];
    return path === undefined || !ROOTS.test(path) || !isPath(path);
  });
  return unknown === undefined ? null : `\`{${unknown}}\` is no place: write one such as \`{params.id}\``;
}

/** The value of one place; undefined for one that may be left out and is. */
function valueOf(inner: string, { request, key, secret }: Filling): Json | undefined {
  if (inner === 'key') return key;
  if (inner.startsWith('secret:') && secret !== undefined) return secret(inner.slice('secret:'.length));
  const [, path = '', minor, optional] = VALUE.exec(inner) ?? [];
  const value = readPath(request, path);
  if (value === undefined || value === null) {
    if (optional !== undefined) return undefined;
    throw new Unfillable(`the request has no \`${path}\`, which the connector sends`);
  }
  return minor === undefined ? value : inMinorUnits(path, value, request);
}

/** A whole number of the currency's smallest unit, exactly: 420.5 USD is 42050. */
function inMinorUnits(path: string, value: Json, request: ActionRequest): number {
  const currency = readPath(request, path.replace(/[^.]*$/, 'currency'));
  const places = placesOf(currency);
  const amount = typeof value === 'number' || typeof value === 'string' ? exact(value) : null;
  if (places === null || amount === null || amount.scale > places) {
    throw new Unfillable(`\`${path}\` is no amount in whole minor units of its currency`);
  }
  return Number(formatDecimal({ units: amount.units * 10n ** BigInt(places - amount.scale), scale: 0 }));
}

function exact(value: number | string) {
  try {
    return parseDecimal(value, DECIMAL_DIGITS);
  } catch {
    return null;
  }
}

/** The amount as it will be sent, or why it cannot be judged to be one. */
export function faultOfAmount(request: ActionRequest, path: string): string | null {
  const value = readPath(request, path);
  const amount = typeof value === 'number' || typeof value === 'string' ? exact(value) : null;
  return amount !== null && amount.units > 0n ? null : `\`${path}\` is no amount above zero, which the connector sends`;
}

/** @param encode makes a value safe where it is put @throws Unfillable */
export function fillText(text: string, filling: Filling, encode: (text: string, place: string) => string): string {
  return text.replaceAll(PLACE, (_whole, inner: string) => {
    const value = valueOf(inner, filling);
    if (value === undefined) return '';
    if (typeof value === 'object' || (typeof value === 'string' && value.length > TEXT_MAX)) {
      throw new Unfillable(`\`{${inner}}\` is no short text, so it has no place there`);
    }
    return encode(String(value), inner);
  });
}

/** A value in a path or a query: one segment, whatever is in it. @throws Unfillable */
export function segment(text: string, place: string): string {
  if (text === '' || text === '.' || text === '..') throw new Unfillable(`\`{${place}}\` is no name in an address`);
  return encodeURIComponent(text);
}

/** A value in a header: visible ASCII. @throws Unfillable */
export function headerText(text: string, place: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Unfillable(`\`{${place}}\` has a character that no header may hold`);
  return text;
}

/** Members whose place may be left out, and is, are left out. @throws Unfillable */
export function fillBody(body: JsonObject, filling: Filling): JsonObject {
  const filled: JsonObject = {};
  for (const [name, value] of Object.entries(body)) {
    const json = fillJson(value, filling);
    if (json !== undefined) filled[name] = json;
  }
  return filled;
}

function fillJson(value: Json, filling: Filling): Json | undefined {
  if (typeof value === 'string') {
    const whole = WHOLE.exec(value)?.[1];
    return whole === undefined ? fillText(value, filling, (text) => text) : valueOf(whole, filling);
  }
  if (Array.isArray(value)) return value.flatMap((item) => fillJson(item, filling) ?? []);
  return typeof value === 'object' && value !== null ? fillBody(value, filling) : value;
}

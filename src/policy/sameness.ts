/** When two requests are one effect, however they are worded. A human's refusal stands against the effect. */
import { canonicalize } from '../canonical/index.ts';
import { actingChain } from '../contract/acting.ts';
import { foldId, type Json, type JsonObject } from '../contract/index.ts';
import { readAmount } from './amounts.ts';
import type { CompiledBundle, CompiledPolicy } from './compiled.ts';
import { readPath } from './paths.ts';
import { ownersOf, type VouchedRequest } from './vouched.ts';

/** What makes another request the same effect, by one policy. */
export interface Sameness {
  policy: string;
  /** Two requests with the same key are one effect, but for who asks and for how much. */
  key: string;
  /** One of these must act again; null where that does not matter. */
  who: string[] | null;
  /** How much is asked for; null where it makes no difference. */
  amount: AmountOfEffect | null;
  standsMs: number;
  ask: boolean;
}

export interface AmountOfEffect {
  /** Exact decimal string; null where the request does not say, or not clearly. */
  value: string | null;
  currency: string | null;
}

/**
 * Letters of other scripts that look like Latin ones, each before the one that it looks like, in lower case: Cyrillic, Greek, Armenian and
 * Cherokee, small capitals, and Latin letters with a stroke, which no normal form takes apart.
 */
const LOOKALIKES = new Map(
  [
    'аa еe оo рp сc уy хx іi јj ѕs кk мm тt вb нh гr пn ԁd ԛq ԝw ѵv ѡw һh ӏl ғf ҽe үy ҳx',
    'αa βb γy εe ηn ιi κk νv οo ρp σo τt υu χx ωw ϲc ϳj',
    'օo սu ոn հh ցg յj զq ւi',
    'ꭰd ꭱr ꭲt ꭺa ꭻj ꭼe ꮃw ꮇm ꮋh ꮎo ꮐg ꮓz ꮖe ꮜu ꮟb ꮢr ꮤw ꮩv ꮪs ꮮl ꮯc ꮲp ꮶk ꮷj',
    'ᴀa ʙb ᴄc ᴅd ᴇe ꜰf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz',
    'øo đd łl ħh ŧt ɨi ƀb ɗd ƙk ƥp ƭt ıi ɑa ɡg ſs',
  ]
    .join(' ')
    .split(' ')
    .map((pair) => [pair.slice(0, -1), pair.slice(-1)]),
);
const FOREIGN = new RegExp(`[${[...LOOKALIKES.keys()].join('')}]`, 'gu');

/** A decimal digit of any script as ours. Unicode has them in runs of ten, which begin at a code point that ends in 0 or 6. */
function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  const row = code & ~0xf;
  const zero = /\p{Nd}/u.test(String.fromCodePoint(row)) ? row : row + 6;
  return String(code - zero);
}

/** Thousands separators within a number, as in `1,234` and `1'234'567`. */
const GROUPED = /(?<!\p{N})\p{Nd}{1,3}(?:[,'’]\p{Nd}{3})+(?!\p{N})/gu;

/** How often percent-encoding is undone, because values are sometimes encoded twice. */
const ENCODED_MAX = 3;

/** Decodes valid percent-encoding. */
function decoded(text: string, times = ENCODED_MAX): string {
  if (times === 0 || !/%[0-9a-f]{2}/i.test(text)) return text;
  try {
    return decoded(decodeURIComponent(text), times - 1);
  } catch {
    return text;
  }
}

/**
 * What two spellings of one name have in common: their words and numbers. Case, accents, look-alike letters, digits of other scripts,
 * thousands set apart, blanks, separators, leading zeros and percent-encoding make no difference. For comparisons that refuse, never for ones that grant.
 */
export function spelling(text: string): string {
  const plain = foldId(decoded(text).replace(/[\p{Z}\s]/gu, '-'))
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(GROUPED, (number) => number.replace(/\P{Nd}/gu, ''))
    .replace(/[^\P{Nd}0-9]/gu, digitOf)
    .replace(FOREIGN, (letter) => LOOKALIKES.get(letter) ?? letter);
  const words = plain.match(/\p{L}+|\p{N}+/gu);
  return words === null ? plain : words.map((word) => word.replace(/^0+(?=\p{N})/u, '')).join('-');
}

/** A value however it is spelled; the order of a list makes no difference. */
function spelled(value: Json): Json {
  if (typeof value === 'string') return spelling(value);
  if (typeof value === 'number' || typeof value === 'boolean') return spelling(String(value));
  if (value === null) return '';
  if (Array.isArray(value)) return [...new Set(value.map((item) => canonicalize(spelled(item))))].sort();
  return Object.fromEntries(Object.entries(value).map(([name, below]) => [spelling(name), spelled(below)]));
}

type Part = [path: string, value: Json];

const partsOf = (request: VouchedRequest, paths: readonly string[]): Part[] =>
  paths.flatMap((path): Part[] => {
    const value = readPath(request, path);
    return value === undefined || value === null ? [] : [[path, valueOf(request, path, value)]];
  });

/** An id without the kind of thing before it: `order/ord_991` and `orders/ord_991` of an `order` are `ord_991`. */
function valueOf({ resource }: VouchedRequest, path: string, value: Json): Json {
  const plain = spelled(value);
  if (path !== 'resource.id' || typeof plain !== 'string' || resource?.type === undefined) return plain;
  const kind = spelling(resource.type);
  const before = [`${kind}-`, `${kind}s-`].find((one) => plain.startsWith(one));
  return before === undefined ? plain : plain.slice(before.length);
}

const without = (object: JsonObject | undefined, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object ?? {}).filter(([name]) => !names.includes(name)));

/** What is acted on: fields that the policy names, or the resource, or, without one, what else the request asks for. */
function objectOf({ sameness: { named, amount, currency } }: CompiledPolicy, request: VouchedRequest): Part[] {
  const resource = request.resource as JsonObject | undefined;
  const known = partsOf(request, named.resource);
  if (known.length > 0) return known;
  if (resource?.['id'] !== undefined) return partsOf(request, ['resource.id']);
  const rest = without(resource, ['type', 'version']);
  if (Object.keys(rest).length > 0) return [['resource', spelled(rest)]];
  const asked = partsOf(request, named.params);
  if (asked.length > 0) return asked;
  const money = [amount, currency].map((path) => path.replace(/^params\./, ''));
  return [['params', spelled(without(request.params, money))]];
}

/** Everybody who acts, and the people who answer for agents among them. */
const actors = (request: VouchedRequest): string[] =>
  [...new Set([...actingChain(request.actor).map(({ id }) => id), ...ownersOf(request)].map(foldId))].sort();

/** How much a request asks for, as a policy counts it. */
export function amountAsked({ sameness }: CompiledPolicy, request: VouchedRequest): AmountOfEffect {
  const json = readPath(request, sameness.amount);
  const read = json === undefined || json === null ? null : readAmount(json);
  const currency = readPath(request, sameness.currency);
  return {
    value: read?.ok === true && read.value >= 0 ? read.text : null,
    currency: typeof currency === 'string' ? spelling(currency) : null,
  };
}

/** When another request would be the same effect, by each policy under which a human's no stands. */
export const samenessIn = (bundle: CompiledBundle, request: VouchedRequest): Sameness[] =>
  bundle.surfaces
    .covering(request.surface)
    .filter(({ sameness }) => sameness.standsMs > 0)
    .map((policy) => samenessOf(policy, request));

/** The same, by one policy. */
export function samenessOf(policy: CompiledPolicy, request: VouchedRequest): Sameness {
  const { fields, amount, standsMs, ask } = policy.sameness;
  const named = fields?.filter((path) => path !== amount && path !== 'actor') ?? [];
  const namedParts = partsOf(request, named);
  // A policy says nothing about a request that lacks the policy's fields.
  const says = fields !== null && (namedParts.length > 0 || named.length === 0);
  const parts: Part[] = says ? namedParts : [...partsOf(request, ['surface', 'action']), ...objectOf(policy, request)];
  return {
    policy: policy.name,
    key: canonicalize([policy.name, ...parts]),
    who: says && !fields.includes('actor') ? null : actors(request),
    amount: says && !fields.includes(amount) ? null : amountAsked(policy, request),
    standsMs,
    ask,
  };
}

/** Receipts with one thing wrong, or none that counts, made from the published vectors, the same ones on every run. */
import { readFileSync } from 'node:fs';
import { readSealed } from '../../src/canonical/index.ts';
import { nodeVerify } from '../../src/keys/ed25519.ts';
import { verifyReceipt, type Trust } from '../../src/sealing/index.ts';
import { seededRandom } from '../support/random.ts';

interface Vectors {
  valid: { trust: { recordKeys: object[]; logKeys: string[] }; receipts: object[] }[];
}

export function readVectors(): { keys: object[]; vkeys: string[]; receipts: string[] } {
  const file = new URL('../vectors/receipts.json', import.meta.url);
  const [first] = (JSON.parse(readFileSync(file, 'utf8')) as Vectors).valid;
  if (first === undefined) throw new Error('there are no vectors');
  return {
    keys: first.trust.recordKeys,
    vkeys: first.trust.logKeys,
    receipts: first.receipts.map((receipt) => JSON.stringify(receipt)),
  };
}

export async function holds(text: string, trust: Trust): Promise<boolean> {
  try {
    await verifyReceipt(readSealed(text), trust, { verify: nodeVerify });
    return true;
  } catch {
    return false;
  }
}

/** One change of a text. */
type Mutation = (text: string, random: (below: number) => number) => string;

const at = (text: string, random: (below: number) => number): number => random(text.length);
const NUMBERS = ['1.0', '1e0', '-0', '-1', '01', '1E+0', '9007199254740992', '1.5', 'null', '"3"', 'true', '[]', '{}'];
const NAMES = ['kind', 'Kind', 'envelope', 'log', 'index', 'keyid', 'sig', 'payload', '__proto__', 'constructor', ''];
const STRAY = [' ', '\n', '\t', '\u00a0', '\ufeff', '\u0000', '"', ',', '}', ']', '\\', '\\u0041', '=', 'é', '//'];

const MUTATIONS: Mutation[] = [
  // One character exchanged, taken out, put in.
  (text, random) => {
    const i = at(text, random);
    return text.slice(0, i) + String.fromCharCode(32 + random(95)) + text.slice(i + 1);
  },
  (text, random) => {
    const i = at(text, random);
    return text.slice(0, i) + text.slice(i + 1);
  },
  (text, random) => {
    const i = at(text, random);
    return text.slice(0, i) + (STRAY[random(STRAY.length)] ?? '') + text.slice(i);
  },
  // A part twice, or cut off.
  (text, random) => {
    const [a, b] = [at(text, random), at(text, random)].sort((one, other) => one - other) as [number, number];
    return text.slice(0, b) + text.slice(a);
  },
  (text, random) => text.slice(0, at(text, random)),
  // Another number, another name, a member more, one in another place.
  (text, random) => text.replace(/"index":\d+/, `"index":${NUMBERS[random(NUMBERS.length)] ?? ''}`),
  (text, random) =>
    text.replace(/"index":(\d+)/, (_, index: string) => `"index":${index}${['.0', 'e0', '', '0'][random(4)] ?? ''}`),
  (text, random) => {
    const names = [...text.matchAll(/"(\w+)":/g)];
    const chosen = names[random(names.length)];
    if (chosen === undefined) return text;
    return `${text.slice(0, chosen.index)}"${NAMES[random(NAMES.length)] ?? ''}":${text.slice(chosen.index + chosen[0].length)}`;
  },
  (text, random) =>
    text.replace('{', `{"${NAMES[random(NAMES.length)] ?? ''}":${['1', '"x"', 'null'][random(3)] ?? ''},`),
  (text) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse())),
  // What changes nothing that counts: blanks between, letters as escapes.
  (text) => JSON.stringify(JSON.parse(text), null, 2),
  (text) => text.replaceAll('"kind"', '"\\u006bind"'),
  (text) => text.replaceAll('/', '\\/'),
  // Base64 in other spellings.
  (text) => text.replaceAll('+', '-').replaceAll('/', '_'),
  (text) => text.replaceAll('=', ''),
  (text, random) =>
    text.replace(/"(payload|sig)":"([^"]+)"/, (_, name: string, value: string) => {
      const i = random(value.length);
      return `"${name}":"${value.slice(0, i)}${['\\n', ' ', '=', 'A'][random(4)] ?? ''}${value.slice(i)}"`;
    }),
  // The last letter before the padding carries bits that no byte has.
  (text) =>
    text.replace(/([A-Za-z0-9+/])(=+")/g, (_, letter: string, rest: string) => `${letter === 'A' ? 'B' : 'A'}${rest}`),
];

/** `count` texts, each a receipt with one to three mutations. */
export function mutate(receipts: readonly string[], count: number, seed = 20261127): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    let text = receipts[random(receipts.length)] ?? '';
    for (let times = 1 + random(10) / 5; times >= 1; times -= 1) {
      const mutation = MUTATIONS[random(MUTATIONS.length)];
      try {
        text = mutation?.(text, random) ?? text;
      } catch {
        // It is no JSON any more, which this mutation needs.
      }
    }
    return text;
  });
}

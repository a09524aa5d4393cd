import { canonicalize, hashOf } from '../../../src/canonical/index.ts';

/** RFC 8785 section 3.2.2 to 3.2.3 and appendix B; the expected texts are the RFC's, checked in the test of the room. */
const DOCUMENTS: [string, string][] = [
  [
    'RFC 8785 section 3.2.2',
    '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
  ],
  [
    'RFC 8785 section 3.2.3: names by UTF-16 code units',
    '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
  ],
  ['numbers as names', '{"10":1,"9":2,"a":{"2":0,"10":0}}'],
  ['empty and nested', '[ {}, [], "", {"":null}, [[[]]] ]'],
  ['control characters', '"\\u0000\\u0007\\b\\t\\n\\u000b\\f\\r\\u001f\\u007f\\u2028"'],
  ['__proto__ is a name', '{"b":1,"__proto__":{"a":1}}'],
  ['negative zero', '[-0, -0.0, 0e5]'],
];

const NUMBERS: [string, string | null][] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['7fffffffffffffff', null],
  ['7ff0000000000000', null],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

export function canonicalVectors(): unknown {
  return {
    about:
      'RFC 8785. `json` is any spelling, `canonical` the one right one, `hash` its SHA-256. `numbers`: big-endian IEEE 754 and text, null where there is none.',
    cases: DOCUMENTS.map(([name, json]) => {
      const value: unknown = JSON.parse(json);
      return { name, json, canonical: canonicalize(value), hash: hashOf(value) };
    }),
    numbers: NUMBERS.map(([ieee, text]) => ({ ieee, text })),
  };
}

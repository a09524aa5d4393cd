/**
 * What went wrong in an expression, in words that are sealed and shown: never a value of the request, which policy may not disclose.
 *
 * Our own functions throw only such sentences. Messages of the engine are repeated if they name types, functions and fields of the
 * expression. Others quote the unreadable value, and are replaced by a sentence of ours.
 */
const SAYS_NO_VALUE = [
  /^found no matching overload for /,
  /^type mismatch: /,
  /^(int|uint) overflow during /,
  /^\w+ (divide|modulus) by zero$/,
  /^unsupported key type$/,
  /^(unresolved attribute|unbound function: )/,
  /^(duration|timestamp) out of range$/,
  /^loops visit more than /,
  /^the (expression reads more|judgement takes longer) than /,
  /^a text is not /,
  /^write a time as text/,
  /^containsAny and containsAll /,
  /^the (request|facts|bundle) do(es)? not /,
  /^limit `/,
  /^there is no /,
  /^(cedar|opa) policy `/,
  /^(a list|a number|the OPA policy) /,
  /^no judgement is running$/,
];

/**
 * @param thrown message of the error
 * @param text of the expression: a field that the expression names is not a secret
 */
export function faultOf(thrown: string, text: string): string {
  const message = thrown.replace(/^(\w*Error: )+/, '');
  const missing = /^field not found: (.*)$/s.exec(message)?.[1];
  if (missing !== undefined) return namedIn(text, missing) ? message : 'field not found';
  const cedar = /^Cedar policy \S+(?=: )/.exec(message)?.[0];
  if (cedar !== undefined) return `${cedar} fails on this request`;
  if (/^index .* out of bounds/.test(message)) return 'index out of bounds';
  if (SAYS_NO_VALUE.some((pattern) => pattern.test(message))) return message;
  return 'a value does not fit what is done with it';
}

function namedIn(text: string, name: string): boolean {
  return /^\w+$/.test(name) && text.split(/\W+/).includes(name);
}

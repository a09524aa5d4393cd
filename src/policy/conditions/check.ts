import { PROVENANCE_PATH } from '../../contract/index.ts';
import { CLOSED_FIELDS } from '../paths.ts';
import { didYouMean } from '../problem.ts';
import { isZone, parseHours } from '../hours.ts';
import { parseDuration } from '../duration.ts';
import type { ExpressionProblem } from './scan.ts';
import type { FunctionCall, Outline } from './syntax.ts';
import { VARIABLES } from './values.ts';

/** What an expression is for, and the names that its policy declares. */
export interface Scope {
  /** A `condition` must yield true or false; a `value` JSON; a `reference` reads the request only, so that people can be resolved before judging. */
  kind: 'condition' | 'value' | 'reference';
  limits: ReadonlySet<string>;
  holidays: ReadonlySet<string>;
  cedar: ReadonlySet<string>;
  opa: ReadonlySet<string>;
}

const TYPE_NAMES = new Set(['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type']);

/** Functions whose answer depends on more than the request. */
const FACT_FUNCTIONS = new Set(['hours', 'limit', 'within', 'cedar', 'opa']);

/** Names that an expression uses and nobody declares, each with the nearest name that exists. */
export function checkNames(names: Outline, scope: Scope, functions: ReadonlySet<string>): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  for (const { name, offset } of names.variables) {
    const problem = variableProblem(name, scope);
    if (problem !== null) problems.push({ offset, ...problem });
  }
  for (const { path, offset } of names.fields) {
    const problem = unknownField(path);
    if (problem !== null) problems.push({ offset, ...problem });
  }
  for (const { name, offset } of names.items) {
    if (!isVariable(name) || name === 'execution') continue;
    const message = `\`${name}\` cannot name the items of a list: it is part of the request`;
    problems.push({ offset, message, suggestion: 'choose another name' });
  }
  for (const { name, offset } of names.messages) {
    const message = `\`${name}\` is a protobuf message, which policy does not make`;
    problems.push({ offset, message, suggestion: null });
  }
  for (const call of names.calls) {
    const problem = callProblem(call, scope, functions);
    if (problem !== null) problems.push({ offset: call.offset, ...problem });
  }
  return problems;
}

const isVariable = (name: string): boolean => (VARIABLES as readonly string[]).includes(name);

function variableProblem(name: string, scope: Scope): Fault | null {
  if (TYPE_NAMES.has(name)) return null;
  if (!isVariable(name)) {
    const suggestion = didYouMean(name, VARIABLES) ?? `a condition sees ${VARIABLES.join(', ')}`;
    return { message: `nothing is called \`${name}\` here`, suggestion };
  }
  if (name !== 'now' || scope.kind !== 'reference') return null;
  return {
    message: 'an approver expression reads the request only, not `now`',
    suggestion: 'decide by time in `when`',
  };
}

function callProblem(call: FunctionCall, scope: Scope, functions: ReadonlySet<string>): Fault | null {
  if (!functions.has(call.name)) {
    const suggestion = didYouMean(call.name, [...functions].filter(isSpellable));
    return { message: `there is no function \`${call.name}\``, suggestion };
  }
  if (scope.kind !== 'reference' || !FACT_FUNCTIONS.has(call.name)) return checkCall(call, scope);
  const message = `an approver expression reads the request only, not \`${call.name}\``;
  return { message, suggestion: 'decide by it in `when`' };
}

function isSpellable(name: string): boolean {
  return /^[a-zA-Z]/.test(name);
}

type Fault = Pick<ExpressionProblem, 'message' | 'suggestion'>;

/** A field of `actor`, `context` or `execution` that no request can have; null when the path is fine. */
export function unknownField(path: string): Fault | null {
  const end = path.indexOf('.');
  const root = end < 0 ? path : path.slice(0, end);
  if (root === 'surface' || root === 'action') {
    return end < 0 ? null : { message: `\`${root}\` is text and has no fields`, suggestion: null };
  }
  const closed = Object.hasOwn(CLOSED_FIELDS, root) ? CLOSED_FIELDS[root] : undefined;
  if (closed === undefined || end < 0) return null;
  const names = path.split('.').slice(1);
  while (root === 'actor' && names[0] === 'onBehalfOf') names.shift();
  const [name] = names;
  if (name === undefined || closed.includes(name)) return null;
  return {
    message: `\`${root}\` has no field \`${name}\``,
    suggestion:
      didYouMean(name, closed) ?? `it has ${closed.join(', ')}; free fields belong in \`params\` or \`resource\``,
  };
}

function checkCall(call: FunctionCall, scope: Scope): Fault | null {
  const [first, second, third] = call.literals;
  switch (call.name) {
    case 'limit':
      return declared('limit', first, scope.limits, 'declare it under `limits`');
    case 'cedar':
      return declared('Cedar policy', first, scope.cedar, 'put `NAME.cedar` beside the policy');
    case 'opa':
      return declared('OPA policy', first, scope.opa, 'put `NAME.wasm` beside the policy');
    case 'provenance': {
      const path = call.paths[0] ?? first;
      if (typeof path === 'string' && PROVENANCE_PATH.test(path)) return null;
      return {
        message: '`provenance` is asked of a field of `params` or `resource`',
        suggestion: 'name one, such as provenance(params.recipient)',
      };
    }
    case 'within': {
      const duration = call.literals[0];
      if (typeof duration !== 'string' || parseDuration(duration) !== null) return null;
      return { message: `\`${duration}\` is not a duration`, suggestion: 'write one such as "30m"' };
    }
    case 'hours':
      if (typeof first === 'string' && parseHours(first) === null) {
        return { message: `\`${first}\` is not opening hours`, suggestion: 'write them as "Mon-Fri 09:00-18:00"' };
      }
      if (typeof second === 'string' && !isZone(second)) {
        return { message: `\`${second}\` is not an IANA time zone`, suggestion: 'write one such as "Europe/Berlin"' };
      }
      return third === undefined
        ? null
        : declared('holidays list', third, scope.holidays, 'declare it under `holidays`');
    default:
      return null;
  }
}

/** The name must be a literal, so that the facts of a verdict can be gathered before judging. */
function declared(
  what: string,
  name: string | null | undefined,
  known: ReadonlySet<string>,
  how: string,
): Fault | null {
  if (typeof name !== 'string') return { message: `the ${what} must be named by a quoted text`, suggestion: how };
  if (known.has(name)) return null;
  return { message: `there is no ${what} \`${name}\``, suggestion: didYouMean(name, known) ?? how };
}

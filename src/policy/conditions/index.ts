import { CelScalar, celEnv, isCelError, parse, plan, type CelFunc, type CelInput, type CelResult } from '@bufbuild/cel';
import { BoundedMap } from '../../canonical/index.ts';
import type { ActionRequest, Json } from '../../contract/index.ts';
import { type Scope, checkNames } from './check.ts';
import { charged } from './cost.ts';
import { type Frame, STEPS_MAX } from './frame.ts';
import { policyFunctions } from './functions.ts';
import { partsOf, type Conjuncts } from './implies.ts';
import type { ExpressionProblem } from './scan.ts';
import { type Outline, outline, type Parsed, parseExpression } from './syntax.ts';
import { COMPARISONS, prepareTree } from './prepare.ts';
import { faultOf } from './fault.ts';
import { Bindings, FullNames, toJson } from './values.ts';

export type { Frame, LimitState } from './frame.ts';
export type { Scope } from './check.ts';
export type { ExpressionProblem } from './scan.ts';
export { Bindings } from './values.ts';
export { unknownField } from './check.ts';
export { inexactNumbers } from './scan.ts';
export { implies } from './implies.ts';

/** The answer of an expression: a value, or a sentence saying why there is none. */
export type Answer<T> = { ok: true; value: T } | { ok: false; error: string };

/** One expression, parsed, checked and planned once. Running it never throws. */
export interface Expression {
  readonly text: string;
  readonly outline: Outline;
  /** The conjunction it consists of, for lint; null when it is never true. */
  parts(): Conjuncts;
  /** As a condition: anything but true or false is an error. */
  test(frame: Frame): Answer<boolean>;
  /** As JSON. */
  read(frame: Frame): Answer<Json>;
}

export type Compiled = { expression: Expression; problems: [] } | { expression: null; problems: ExpressionProblem[] };

/** The expression engine of one bundle. Common Expression Language by `@bufbuild/cel`; no other room knows that. */
export interface Conditions {
  compile(text: string, scope: Scope): Compiled;
  /** Variables of one request; `now` throws where there is no time. */
  bind(request: ActionRequest, now: () => string): Bindings;
}

const MACROS = ['_&&_', '_||_', '_?_:_', '_[_]', '@not_strictly_false', '__not_strictly_false__'];

type Evaluate = (variables: Record<string, CelInput>) => CelResult;

/** What the text of an expression says, whatever bundle it is in. */
class Reading {
  readonly text: string;
  readonly outline: Outline;
  #parts: Conjuncts | undefined;

  constructor(text: string, names: Outline) {
    this.text = text;
    this.outline = names;
  }

  parts(): Conjuncts {
    if (this.#parts === undefined) this.#parts = partsOf(parse(this.text));
    return this.#parts;
  }
}

interface Tree {
  parsed: Parsed;
  reading: Reading;
}

/** An expression that is valid in itself, in whatever policy. It holds no tree: a large bundle has tens of thousands. */
interface Planned {
  reading: Reading;
  evaluate: Evaluate;
}

/**
 * Trees by text, for every engine: a publication compiles the same bundle several times, and the next bundle has most of its expressions.
 * Nobody changes a tree after {@link prepareTree}, so engines still cannot disturb each other.
 */
const trees = new BoundedMap<string, Tree | ExpressionProblem>(1024);

function readTree(text: string): Tree | ExpressionProblem {
  const parsed = parseExpression(text);
  if ('message' in parsed) return parsed;
  const names = outline(parsed);
  if (names === null)
    return { offset: 0, message: 'the expression is too deep', suggestion: 'split it into several rules' };
  prepareTree(parsed.expr);
  return { parsed, reading: new Reading(text, names) };
}

type Run = <T>(
  planned: Planned,
  frame: Frame,
  accept: (value: CelResult) => T | undefined,
  wanted: string,
) => Answer<T>;

/** A class, so that its many instances share their functions. */
class PlannedExpression implements Expression {
  readonly #planned: Planned;
  readonly #run: Run;

  constructor(planned: Planned, run: Run) {
    this.#planned = planned;
    this.#run = run;
  }

  get text(): string {
    return this.#planned.reading.text;
  }

  get outline(): Outline {
    return this.#planned.reading.outline;
  }

  parts(): Conjuncts {
    return this.#planned.reading.parts();
  }

  test(frame: Frame): Answer<boolean> {
    return this.#run(this.#planned, frame, asBoolean, 'true or false');
  }

  read(frame: Frame): Answer<Json> {
    return this.#run(this.#planned, frame, toJson, 'value that JSON can say exactly');
  }
}

/** Makes an expression engine. Engines share nothing that changes, so bundles cannot disturb each other. */
export function createConditions(): Conditions {
  // The frame of the judgement that is running. Evaluation is synchronous and never re-entered for another frame.
  let running: Frame | null = null;
  const functions = policyFunctions(() => {
    if (running === null) throw new Error('no judgement is running');
    return running;
  });
  const free = celEnv({ funcs: functions });
  const env = celEnv({ funcs: usualFirst([...free.funcs]).map((func) => charged(func, () => running)) });
  const known = new Set([...[...env.funcs].map((callable) => callable.name), ...MACROS]);
  const readTime = plan(env, parse('timestamp(text)')) as Evaluate;
  const texts = new Map<string, Planned | ExpressionProblem>();
  const fullNames = new FullNames();

  function prepare(text: string): Planned | ExpressionProblem {
    try {
      const tree = trees.get(text) ?? readTree(text);
      trees.set(text, tree);
      if ('message' in tree) return tree;
      const { parsed, reading } = tree;
      for (const { path } of reading.outline.fields) fullNames.add(path);
      return { reading, evaluate: plan(env, parsed) as Evaluate };
    } catch (error) {
      return { offset: 0, message: error instanceof Error ? error.message : 'not an expression', suggestion: null };
    }
  }

  const run: Run = ({ reading, evaluate }, frame, accept, wanted) => {
    const before = running;
    running = frame;
    try {
      const value = evaluate(frame.bindings as unknown as Record<string, CelInput>);
      if (frame.steps > STEPS_MAX) return { ok: false, error: `loops visit more than ${STEPS_MAX} items` };
      if (isCelError(value)) return { ok: false, error: faultOf(value.message, reading.text) };
      const accepted = accept(value);
      return accepted === undefined ? { ok: false, error: `it yields no ${wanted}` } : { ok: true, value: accepted };
    } catch (error) {
      return { ok: false, error: faultOf(error instanceof Error ? error.message : '', reading.text) };
    } finally {
      running = before;
    }
  };

  return {
    compile(text, scope) {
      let planned = texts.get(text);
      if (planned === undefined) texts.set(text, (planned = prepare(text)));
      if ('message' in planned) return { expression: null, problems: [planned] };
      const problems = checkNames(planned.reading.outline, scope, known);
      if (problems.length > 0) return { expression: null, problems };
      return { expression: new PlannedExpression(planned, run), problems: [] };
    },
    bind(request, now) {
      return new Bindings(request, () => readTime({ text: now() }) as CelInput, fullNames);
    },
  };
}

/**
 * Overloads are tried one after another. A comparison has one for each pair of types, and no two values fit two of them, so those of numbers and
 * texts, which requests consist of, come first.
 */
const usualFirst = (funcs: readonly CelFunc[]): CelFunc[] =>
  [...funcs].sort((one, other) => Number(isUsual(other)) - Number(isUsual(one)));

const USUAL: readonly unknown[] = [CelScalar.DOUBLE, CelScalar.STRING];

const isUsual = (func: CelFunc): boolean =>
  COMPARISONS.has(func.name) && func.arguments.every((type) => USUAL.includes(type));

function asBoolean(value: CelResult): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

import { type ActionRequest, type JsonObject, CountersignError, actionRequestSchema } from '../contract/index.ts';
import type { CompiledRule } from './compiled.ts';
import { canonicalize } from '../canonical/index.ts';
import type { Answer, Frame } from './conditions/index.ts';
import { writePath } from './paths.ts';

/** The new values that a `constrain` rule sets, or a sentence naming the one that could not be computed. */
export function readChanges(changes: CompiledRule['changes'], frame: Frame): Answer<JsonObject> {
  const values: JsonObject = {};
  for (const { path, literal, expression } of changes) {
    if (expression === null) {
      values[path] = literal ?? null;
      continue;
    }
    const answer = expression.read(frame);
    if (!answer.ok) return { ok: false, error: `change of \`${path}\`: ${answer.error}` };
    values[path] = answer.value;
  }
  return { ok: true, value: values };
}

/** All changes together, or the sentence saying on which path two policies disagree (the same path, or one inside the other). */
export function mergeChanges(all: readonly JsonObject[]): Answer<JsonObject> {
  const merged: JsonObject = {};
  for (const changes of all) {
    for (const path of Object.keys(changes)) {
      const value = changes[path] ?? null;
      for (const other of Object.keys(merged)) {
        const same = other === path && canonicalize(merged[other]) === canonicalize(value);
        if (!same && (other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`)))
          return { ok: false, error: `policies change \`${path}\` to different values` };
      }
      merged[path] = value;
    }
  }
  return { ok: true, value: merged };
}

/**
 * The request as it may be executed: dotted paths replaced by their values, creating missing objects on the way. The given request is not
 * modified. Surface, actor, content, execution and callback never change.
 *
 * @throws CountersignError `change-not-allowed` when a path may not change or the result is no longer a request.
 */
export function applyChanges(request: ActionRequest, changes: JsonObject): ActionRequest {
  let changed = request as unknown as JsonObject;
  for (const path of Object.keys(changes)) {
    if (!/^(action$|params\.|resource\.|context\.)/.test(path)) {
      throw new CountersignError(
        'change-not-allowed',
        `\`${path}\` of a request cannot be changed; ask for another action`,
      );
    }
    changed = writePath(changed, path.split('.'), changes[path] ?? null);
  }
  const result = actionRequestSchema.safeParse(changed);
  if (!result.success) {
    throw new CountersignError(
      'change-not-allowed',
      'the changed request is not a valid request; change other values',
      {
        errors: result.error.issues.map((issue) => ({ pointer: `/${issue.path.join('/')}`, detail: issue.message })),
      },
    );
  }
  return result.data;
}

/** Policies in other languages. Separate from the rest of the room, so that only callers that pass it to `compileBundle` load the WASM. */
import type { ExternalEngines } from '../engines.ts';
import { prepareCedar } from './cedar.ts';
import { prepareOpa } from './opa.ts';

/** Cedar by `@cedar-policy/cedar-wasm`, OPA by `@open-policy-agent/opa-wasm`; both in process, synchronous, deterministic. */
export const externalEngines: ExternalEngines = {
  prepare: (policy) => (policy.kind === 'cedar' ? prepareCedar(policy.content) : prepareOpa(policy.content)),
};

/** The engines for a process that serves requests. An OPA program may run for ever, so it only runs where it can be stopped. */
export const servingEngines: ExternalEngines = {
  prepare: (policy) =>
    policy.kind === 'cedar'
      ? prepareCedar(policy.content)
      : () => {
          throw new Error(`the opa policy \`${policy.name}\` is asked in a thread of its own`);
        },
};

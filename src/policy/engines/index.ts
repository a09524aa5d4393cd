/** Policies in other languages. Apart from the rest of the room: only who passes this to `compileBundle` loads the WASM. */
import type { ExternalEngines } from '../engines.ts';
import { prepareCedar } from './cedar.ts';
import { prepareOpa } from './opa.ts';

/** Cedar by `@cedar-policy/cedar-wasm`, OPA by `@open-policy-agent/opa-wasm`; both in process, synchronous, deterministic. */
export const externalEngines: ExternalEngines = {
  prepare: (policy) => (policy.kind === 'cedar' ? prepareCedar(policy.content) : prepareOpa(policy.content)),
};

/** Names that records and rows have where no person and no key spoke. */

/** Who: the engine itself, by a rule, a deadline or a plan. */
export const ENGINE_ID = 'countersign';

/** Through which door: none, the engine did it by itself. */
export const ENGINE_VIA = 'engine';

/** Who withdrew it that may write to the Temporal namespace and is otherwise not known. */
export const NAMESPACE_ID = 'temporal';

/** A caller whom no credential names. */
export const UNKNOWN_CALLER = 'unknown';

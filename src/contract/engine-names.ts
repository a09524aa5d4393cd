/** Names that records and rows have where no person and no key spoke. */

/** The engine itself, by a rule, a deadline or a plan. */
export const ENGINE_ID = 'countersign';

/** The door of what the engine does by itself. */
export const ENGINE_VIA = 'engine';

/** Somebody who may write to the Temporal namespace; nothing else is known of them. */
export const NAMESPACE_ID = 'temporal';

/** A caller whom no credential names. */
export const UNKNOWN_CALLER = 'unknown';

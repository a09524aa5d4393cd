/** Search criteria of the read model. */

/** Search criteria for actions; all of them must match. */
export interface FactFilter {
  surface?: string | undefined;
  actor?: string | undefined;
  requester?: string | undefined;
  approver?: string | undefined;
  status?: string | undefined;
  decision?: string | undefined;
  /** The basis of the release, or else of the verdict. */
  basis?: string | undefined;
  mode?: string | undefined;
  policy?: string | undefined;
  rule?: string | undefined;
  /** This one, and all below it. */
  folder?: string | undefined;
  via?: string | undefined;
  currency?: string | undefined;
  /** Exact decimals, both included, of the amount asked for. */
  amountFrom?: string | undefined;
  amountTo?: string | undefined;
  /** RFC 3339, of the request: included. */
  from?: string | undefined;
  /** RFC 3339, not included. */
  to?: string | undefined;
  /** Text of reason, resource, people or reference, in any case; of an id, its beginning. */
  q?: string | undefined;
}

/** Which actions are visible: all, or those that concern a key or a person. */
export type FactScope =
  | 'all'
  | {
      /** The requester in rows of `action`. */
      requester: string;
      /** A person on the actor's side, or one who was asked to decide. */
      involved: string | null;
      /** The scope of a key: surfaces as a regular expression over `.` and their name, and actors; null for any. */
      speaksFor: { surfaces: string; actors: string[] | null } | null;
    };

/** What a search in the read model asks for. */

/** Search criteria for actions; all of them must match. */
export interface FactFilter {
  surface?: string | undefined;
  actor?: string | undefined;
  requester?: string | undefined;
  approver?: string | undefined;
  status?: string | undefined;
  decision?: string | undefined;
  /** On what it was released; where it was not, of its verdict. */
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

/** Whose actions are looked at: all, or those that a key or a person has to do with. */
export type FactScope =
  | 'all'
  | {
      /** Who asked, as rows of `action` say. */
      requester: string;
      /** Somebody on the actor's side, or asked to decide. */
      involved: string | null;
      /** What a key may speak for: surfaces as a regular expression over `.` and their name, and actors; null for any. */
      speaksFor: { surfaces: string; actors: string[] | null } | null;
    };

import { reduce, type ApprovalEffect, type ApprovalEvent, type ApprovalState } from '../approval/index.ts';

/** What the workflow of a supervised override knows of it. Its clock waits for a change of this, or for the next moment that is due. */
export class ParkedState {
  #approval: ApprovalState;
  #changes = 0;
  #frozen = false;
  #thaws = 0;
  readonly #handled = new Set<string>();

  constructor(approval: ApprovalState) {
    this.#approval = approval;
  }

  get approval(): ApprovalState {
    return this.#approval;
  }

  get isOpen(): boolean {
    return this.#approval.status === 'open';
  }

  /** Grows with every change of the approval or of a freeze, so that the clock is set anew. */
  get changes(): number {
    return this.#changes;
  }

  /** Approved, but a freeze holds the release back. */
  get frozen(): boolean {
    return this.#frozen;
  }

  /** How many freezes were lifted since it opened. */
  get thaws(): number {
    return this.#thaws;
  }

  /** The workflow's own reduction sets its clock; what counts is sealed by an activity and adopted. */
  advance(event: ApprovalEvent, now: number): ApprovalEffect[] {
    const next = reduce(this.#approval, event, now);
    this.#approval = next.state;
    this.#changes += 1;
    return next.effects;
  }

  /** Takes the approval as it was sealed. */
  adopt(approval: ApprovalState | null | undefined): void {
    if (approval !== null && approval !== undefined) this.#approval = approval;
    this.#changes += 1;
  }

  /** A release was tried. */
  met(freeze: { holds: boolean } | null): void {
    this.#frozen = freeze?.holds === true;
    this.#changes += 1;
  }

  thaw(): void {
    this.#thaws += 1;
    if (this.#frozen) this.#changes += 1;
    this.#frozen = false;
  }

  /** @returns whether this attestation was not handled before. One that is sent again after it was sealed is refused. */
  handle(attestation: string): boolean {
    const isNew = !this.#handled.has(attestation);
    this.#handled.add(attestation);
    return isNew;
  }
}

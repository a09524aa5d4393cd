/** One line of a file of anchors, and the body of what an endpoint gets. */
export interface AnchoredCheckpoint {
  v: 1;
  kind: 'countersign.anchor';
  tenant: string;
  origin: string;
  size: number;
  /** Signed note. */
  checkpoint: string;
  /** RFC 3339. */
  at: string;
}

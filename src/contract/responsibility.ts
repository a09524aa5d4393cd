/** The responsibility that an approver takes on. It is shown before the click and sealed with the decision. */
export const RESPONSIBILITY =
  'By approving you take responsibility for releasing this action although policy did not approve it by itself; your name and reason are sealed.';

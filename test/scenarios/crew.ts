/** The two people that no story has to itself: who stops things, and who approves policies. */
export const INCIDENT = 'user:incident-commander@acme.test';
export const RISK = 'user:risk-officer@acme.test';

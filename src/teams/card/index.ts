/** View model to Adaptive Card: pure, and within Teams' limits whatever the model holds. */
export * from './message.ts';
export * from './model.ts';
export * from './plan.ts';
export * from './spoken.ts';

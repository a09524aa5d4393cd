export * from './csv-reader.ts';
export * from './drills.ts';
export * from './figures.ts';
export * from './quarter.ts';
export * from './sample.ts';
export * from './statement.ts';
export * from './tests.ts';
export * from './worksheet.ts';
export type { AuditContext, AuditedAction, AuditFinding } from './types.ts';

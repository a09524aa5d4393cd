export * from './about.ts';
export * from './columns.ts';
export * from './csv.ts';
export * from './xlsx.ts';

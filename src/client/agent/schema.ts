/** The part of Standard Schema (standardschema.dev) that checks input; Zod, Valibot and ArkType have it. */
import { CountersignError } from '../errors.ts';

interface Checked {
  value?: unknown;
  issues?: readonly { message: string }[] | undefined;
}

/** The input as its schema reads it; any other schema is the framework's to check. @throws CountersignError `invalid-input` */
export async function checkInput<Input>(schema: unknown, input: Input): Promise<Input> {
  const validate = validatorOf(schema);
  if (validate === null) return input;
  const { value, issues } = await validate(input);
  if (issues === undefined) return value as Input;
  const why = issues.map(({ message }) => message).join(', ');
  throw new CountersignError('invalid-input', `the input does not fit the tool’s schema (${why}); nothing was asked`);
}

function validatorOf(schema: unknown): ((value: unknown) => Checked | Promise<Checked>) | null {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return null;
  const standard = (schema as { '~standard'?: { validate?: unknown } })['~standard'];
  return typeof standard?.validate === 'function'
    ? (standard.validate as (value: unknown) => Checked | Promise<Checked>)
    : null;
}

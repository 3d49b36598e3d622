import { z } from 'zod';

/** What the reference, the JSON Schema and the cures say about a key. */
export interface About {
  readonly is: string;
  readonly example?: unknown;
  /** Filled in when the key is left out; a value, or words for one that depends on others. */
  readonly default?: unknown;
  readonly otherwise?: string;
}

const about = ({ is, example, otherwise, ...rest }: About) => ({
  description: is,
  ...('default' in rest ? { default: rest.default } : {}),
  ...(otherwise === undefined ? {} : { 'x-otherwise': otherwise }),
  ...(example === undefined ? {} : { examples: [example] }),
});
export const key = <S extends z.ZodType>(schema: S, text: About) => schema.optional().meta(about(text));
export const required = <S extends z.ZodType>(schema: S, text: About) => schema.meta(about(text));
export const or = <A extends z.ZodType, B extends z.ZodType>(a: A, b: B, error: string) => z.union([a, b], { error });
export const section = <S extends z.ZodRawShape>(id: string, description: string, shape: S) =>
  z.strictObject(shape).meta({ id, description });

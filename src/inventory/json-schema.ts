import { z } from 'zod';
import type { Path } from './problem.js';
import { inventorySchema } from './schema.js';

/** The parts of JSON Schema (draft 2020-12) that the inventory uses. `x-otherwise`: the default, in words. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly 'x-otherwise'?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

let made: JsonSchema | undefined;

/** For editors: `# yaml-language-server: $schema=…/docs/inventory.schema.json` at the top of an inventory. */
export function inventoryJsonSchema(): JsonSchema {
  made ??= {
    ...(z.toJSONSchema(inventorySchema, { io: 'input' }) as JsonSchema),
    ...{ title: 'provision inventory', description: 'What a cluster should be: provision validate -i FILE' },
  };
  return made;
}

/** The definition behind a `$ref`, with what is said beside the reference kept. */
export function follow(schema: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  const name = $ref.slice('#/$defs/'.length);
  return { ...inventoryJsonSchema().$defs?.[name], ...beside };
}

/** Every shape that may stand at the path: one, or one per alternative. */
export function shapesAt(path: Path): JsonSchema[] {
  let shapes = alternatives(inventoryJsonSchema());
  for (const part of path) {
    shapes = shapes
      .flatMap((shape) => {
        if (typeof part === 'number') return shape.items ?? [];
        const known = Object.hasOwn(shape.properties ?? {}, part) ? shape.properties?.[part] : undefined;
        if (known !== undefined) return known;
        return typeof shape.additionalProperties === 'object' ? shape.additionalProperties : [];
      })
      .flatMap(alternatives);
  }
  return shapes;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const { anyOf, ...shape } = follow(schema);
  const { examples } = shape;
  if (anyOf === undefined) return [shape];
  return anyOf.flatMap(alternatives).map((one) => (examples === undefined ? one : { ...one, examples }));
}

/** Keys that may stand in the map at the path. */
export const keysAt = (path: Path): string[] => [
  ...new Set(shapesAt(path).flatMap((shape) => Object.keys(shape.properties ?? {}))),
];

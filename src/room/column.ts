/** The types of columns and tables; {@link ./columns.js} makes them. */

/** Where a column carries the type of its values; there is no such property. */
declare const VALUE: unique symbol;

/** What a value of a table can be. */
export type Value = number | string | boolean | undefined;

/** What a column holds, as plain data: it can be compared, hashed and sent. */
export type ColumnData =
  | { readonly is: "fixed"; readonly low: number; readonly high: number; readonly step: number }
  | { readonly is: "angle" | "bool" }
  | { readonly is: "u8" | "u16" | "u32" | "i8" | "i16" | "i32" | "f32" | "f64" }
  /** `most` counts bytes of UTF-8. */
  | { readonly is: "text"; readonly most: number }
  | { readonly is: "oneOf"; readonly values: readonly string[] }
  | { readonly is: "optional"; readonly of: ColumnData };

/** A column whose values are of type `V`. */
export type Column<V extends Value = Value> = ColumnData & { readonly [VALUE]?: { readonly value: V } };

/** The columns of a table by name, in the order in which they are encoded. */
export type Columns = Readonly<Record<string, Column>>;

/** A table of a room's state: rows of the same columns, each under a key of its own. */
export interface Table<C extends Columns = Columns> {
  readonly columns: C;
}

/** The type of a column's values. */
export type ValueOf<C extends Column> = C extends { readonly [VALUE]?: { readonly value: infer V } }
  ? V
  : never;

type Needed<C extends Columns> = { [N in keyof C]: undefined extends ValueOf<C[N]> ? never : N }[keyof C];

type RowOfColumns<C extends Columns> = { [N in Needed<C>]: ValueOf<C[N]> } & {
  [N in Exclude<keyof C, Needed<C>>]?: ValueOf<C[N]> | undefined;
};

/** The same type, spelled out as one object. */
type Flat<T> = { [N in keyof T]: T[N] };

/** A row: a plain object. Optional columns may be left out. */
export type RowOf<T extends Table> = Flat<RowOfColumns<T["columns"]>>;

/** Any row, where its table is not known to the compiler. */
export type Row = Readonly<Record<string, Value>>;

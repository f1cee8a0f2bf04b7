type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out undefined fields: absent is absent in JSON. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}

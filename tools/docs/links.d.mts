export interface Page {
  readonly path: string;
  readonly text: string;
}

export function brokenLinks(
  pages: readonly Page[],
  exists: (path: string) => boolean,
): { readonly file: string; readonly line: number; readonly message: string }[];

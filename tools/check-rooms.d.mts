export interface Layers {
  readonly rooms: Readonly<
    Record<
      string,
      { readonly imports: readonly string[]; readonly typeImports?: readonly string[]; readonly io?: boolean }
    >
  >;
  readonly packages: Readonly<Record<string, readonly string[]>>;
}

export interface Tree {
  readonly layers: Layers;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
}

export function checkRooms(tree: Tree): Finding[];
export function readTree(root: URL): Tree;

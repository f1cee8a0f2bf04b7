export interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly optional?: boolean }>>;
}

export function isInstalled(locked: Lock, installed: Lock | undefined): boolean;

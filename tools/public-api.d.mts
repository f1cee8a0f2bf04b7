export const doors: Readonly<Record<string, string>>;
export function publicApi(read: (path: string) => string, entries?: Readonly<Record<string, string>>): string;

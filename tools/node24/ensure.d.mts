export function atLeast(version: string, least: string): boolean;

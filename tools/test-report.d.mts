export function readReport(text: string): { passed: number; failed: number; leftOut: string[] };

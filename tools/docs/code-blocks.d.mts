import type { Page } from './links.mjs';

export interface CodeBlock {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

export function codeBlocks(page: Page): CodeBlock[];
export function typeErrors(blocks: readonly CodeBlock[], root: string): string[];

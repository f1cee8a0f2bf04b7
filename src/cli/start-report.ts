import { isErrorCode } from '#kernel';
import type { NodeReady } from './node-door.ts';

/** What a node that was started with --detach tells the command that started it, once. */
export type StartReport =
  | { readonly type: 'ready'; readonly info: NodeReady }
  | {
      readonly type: 'failed';
      readonly error: { readonly code: string; readonly message: string; readonly hint: string };
    };

/**
 * Sends the report over the channel to the parent and closes it, so that the parent may end. Nothing without a parent.
 */
export function reporterToParent(): (report: StartReport) => void {
  return (report) => {
    if (process.connected !== true) return;
    process.send?.(report, () => {
      if (process.connected === true) process.disconnect();
    });
  };
}

/** Reads what came over the channel; undefined for anything else. */
export function parseStartReport(value: unknown): StartReport | undefined {
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  // Parent and child are the same program: the marker and the parts that are used decide.
  if (value.type === 'ready' && 'info' in value) return value as StartReport;
  if (value.type === 'failed' && 'error' in value && hasCode(value.error)) return value as StartReport;
  return undefined;
}

const hasCode = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && isErrorCode(error.code);

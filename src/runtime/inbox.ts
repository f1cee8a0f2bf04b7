import { MeshError } from '#kernel';
import type { Runtime } from './runtime.ts';

/** Nothing is offered: messages stay in the inbox until a person or a program reads them. */
export function inboxRuntime(): Runtime {
  return {
    kind: 'inbox',
    types: [],
    concurrency: 1,
    handle: () =>
      Promise.reject(new MeshError('INTERNAL', 'A message was offered to the runtime `inbox`, which takes none')),
  };
}

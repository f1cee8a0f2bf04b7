import { MeshError, type MeshErrorOptions, toMeshError } from '#kernel';
import { messageTypes } from '#protocol';
import type { Answer, InboundMessage, Runtime } from './runtime.ts';

type HandlerResult = Answer | string | undefined | void;

/**
 * A function of the embedding program. What it returns answers a request: a text, or body with subject and metadata.
 */
export type Handler = (
  inbound: InboundMessage,
  options: { readonly signal: AbortSignal },
) => HandlerResult | Promise<HandlerResult>;

export interface InProcessRuntime extends Runtime {
  /** Adds a handler after the others; the function returned takes it away. */
  add(handler: Handler): () => void;
}

/**
 * Calls every handler, one after another in the order they were added; the first defined answer counts. A handler that
 * throws ends the round with HANDLER_FAILED. Without handlers nothing is offered. One message at a time, in order.
 */
export function inProcessRuntime(...initial: readonly Handler[]): InProcessRuntime {
  let handlers = initial;
  return {
    kind: 'in-process',
    concurrency: 1,
    get types() {
      return handlers.length === 0 ? [] : messageTypes;
    },
    add(handler) {
      // Each addition is an entry of its own, so that the same function may be added twice and taken away once.
      const entry: Handler = (inbound, options) => handler(inbound, options);
      handlers = [...handlers, entry];
      return () => {
        handlers = handlers.filter((other) => other !== entry);
      };
    },
    handle: (inbound, options) => runHandlers(handlers, inbound, options),
  };
}

async function runHandlers(
  handlers: readonly Handler[],
  inbound: InboundMessage,
  options: { readonly signal: AbortSignal },
): Promise<Answer | undefined> {
  let answer: HandlerResult;
  for (const handler of handlers) {
    options.signal.throwIfAborted();
    try {
      const result = await handler(inbound, options);
      answer ??= result;
    } catch (cause) {
      options.signal.throwIfAborted();
      throw failed(cause);
    }
  }
  return typeof answer === 'string' ? { body: answer } : (answer ?? undefined);
}

function failed(cause: unknown): MeshError {
  const error = toMeshError(cause);
  if (error.code === 'HANDLER_FAILED' || error.code === 'HANDLER_TIMEOUT') return error;
  const options: MeshErrorOptions = { cause, data: { detail: error.message.slice(0, 2048) } };
  return new MeshError('HANDLER_FAILED', 'A message handler threw an error', options);
}

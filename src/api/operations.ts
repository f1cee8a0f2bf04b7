import type * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import type { OperationName, StreamOperationName } from './routes.ts';
import type { operationSchemas } from './schemas.ts';

type Schemas = typeof operationSchemas;

/** What the operation takes. Times in ms since 1970. */
export type Input<N extends OperationName> = DeepReadonly<z.infer<Schemas[N]['input']>>;

/** What the operation gives; a stream operation gives many of them. */
export type Output<N extends OperationName> = DeepReadonly<z.infer<Schemas[N]['output']>>;

/** All inputs and outputs by the name of their operation. */
export type Inputs = { readonly [N in OperationName]: Input<N> };
export type Outputs = { readonly [N in OperationName]: Output<N> };

export interface OperationContext {
  /** Aborted when the caller went away or the node stops. */
  readonly signal: AbortSignal;
}

/** All operations: implemented by the node, called by the client. They throw `MeshError`. */
export type Operations = {
  [N in OperationName]: (input: Input<N>, context: OperationContext) => Answer<N>;
};

type Answer<N extends OperationName> = N extends StreamOperationName ? AsyncIterable<Output<N>> : Promise<Output<N>>;

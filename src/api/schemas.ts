import { agentSchemas } from './agent-schemas.ts';
import { attachSchemas } from './attach-schemas.ts';
import type { OperationSchema } from './base-schemas.ts';
import { contactSchemas } from './contact-schemas.ts';
import { deadSchemas } from './dead-schemas.ts';
import { guardSchemas } from './guard-schemas.ts';
import { fileSchemas } from './file-schemas.ts';
import { hubSchemas } from './hub-schemas.ts';
import { messageSchemas } from './message-schemas.ts';
import { nodeSchemas } from './node-schemas.ts';
import { pauseSchemas } from './pause-schemas.ts';
import { requestSchemas } from './request-schemas.ts';
import { routeSchemas } from './route-schemas.ts';
import type { OperationName } from './routes.ts';

/** What every operation takes and gives, under the names of `routes`. */
export const operationSchemas = {
  ...nodeSchemas,
  ...pauseSchemas,
  ...agentSchemas,
  ...contactSchemas,
  ...hubSchemas,
  ...routeSchemas,
  ...requestSchemas,
  ...messageSchemas,
  ...attachSchemas,
  ...deadSchemas,
  ...guardSchemas,
  ...fileSchemas,
} as const satisfies Record<OperationName, OperationSchema>;

export { type CallOptions, type Client, createClient } from './client.ts';
export type { EventsOptions, ReceivedEvent } from './client-events.ts';
export { type ErrorBody, toErrorBody } from './error-body.ts';
export { type Fetch, fetchTransport, type FetchTransportOptions } from './fetch-transport.ts';
export { loadOpenApi, loadSchemas } from './load-schemas.ts';
export type { OpenApiDocument } from './openapi.ts';
export { planFiles } from './plan-files.ts';
export type { Input, Inputs, OperationContext, Operations, Output, Outputs } from './operations.ts';
export {
  eventsPath,
  type FieldKind,
  type OfflineOperationName,
  openApiPath,
  type OperationName,
  operationNames,
  pathFieldsOf,
  queryFieldsOf,
  type Route,
  routeOf,
  type StreamOperationName,
} from './routes.ts';
export { requestTarget, type Transport, type TransportRequest, type TransportResponse } from './transport.ts';
export type {
  AgentView,
  AuditEntryView,
  CardJson,
  ContactState,
  ContactView,
  DeadLetterView,
  FileView,
  InboxState,
  InviteView,
  LanScanEvent,
  MeshEvent,
  MessageView,
  MissedEvent,
  OutboxState,
  OutboxView,
  RequestView,
  ReviewView,
  ScanEvent,
  SentView,
  Step,
  Tier,
  TurnEvent,
  WarningView,
} from './views.ts';

export type FieldKind = 'string' | 'integer' | 'boolean';

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `:name` stands for a field of the input. */
  readonly path: string;
  /** Also answered without a running node, from its files. */
  readonly offline?: true;
  /** The answer is NDJSON: one JSON document a line, as they come. */
  readonly stream?: true;
  /** The body of the request is the field `bytes`, as it is. */
  readonly takes?: 'bytes';
  /** The answer is bytes, as they are. */
  readonly gives?: 'bytes';
  /** Fields of the path that are not text. */
  readonly pathKinds?: Readonly<Record<string, FieldKind>>;
  /** Fields that travel in the query; the others of a POST are its JSON body. Every GET takes `agent` as well. */
  readonly query?: Readonly<Record<string, FieldKind>>;
}

const text = 'string';
const whole = 'integer';

/** Every operation of the local API by name: where it is. What goes in and out stands in `schemas.ts`. */
export const routes = {
  status: { method: 'GET', path: '/api/status', offline: true },
  doctor: { method: 'GET', path: '/api/doctor' },
  shutdown: { method: 'POST', path: '/api/shutdown' },
  pause: { method: 'POST', path: '/api/pause' },
  resume: { method: 'POST', path: '/api/resume' },

  agents: { method: 'GET', path: '/api/agents', offline: true },
  addAgent: { method: 'POST', path: '/api/agents' },
  card: { method: 'GET', path: '/api/card', offline: true },
  verifyCard: { method: 'POST', path: '/api/card/verify', offline: true },
  rotateKey: { method: 'POST', path: '/api/rotate-key' },
  scan: { method: 'POST', path: '/api/scan', stream: true },
  scanLan: { method: 'POST', path: '/api/scan-lan', stream: true },

  contacts: { method: 'GET', path: '/api/contacts', query: { state: text }, offline: true },
  contact: { method: 'GET', path: '/api/contacts/:contact', offline: true },
  rename: { method: 'POST', path: '/api/contacts/:contact/rename' },
  setTier: { method: 'POST', path: '/api/contacts/:contact/tier' },
  block: { method: 'POST', path: '/api/contacts/:contact/block' },
  remove: { method: 'POST', path: '/api/contacts/:contact/remove' },
  markVerified: { method: 'POST', path: '/api/contacts/:contact/verify' },
  approveChange: { method: 'POST', path: '/api/contacts/:contact/approve' },

  hubs: { method: 'GET', path: '/api/hubs', offline: true },
  joinHub: { method: 'POST', path: '/api/hubs' },
  leaveHub: { method: 'POST', path: '/api/hubs/:hub/leave' },
  directory: {
    method: 'GET',
    path: '/api/directory',
    query: { hub: text, search: text, capability: text, limit: whole },
  },

  routes: { method: 'GET', path: '/api/routes', query: { contact: text } },
  probe: { method: 'POST', path: '/api/probe' },

  request: { method: 'POST', path: '/api/requests' },
  requests: { method: 'GET', path: '/api/requests', offline: true },
  approve: { method: 'POST', path: '/api/requests/:id/approve' },
  reject: { method: 'POST', path: '/api/requests/:id/reject' },
  invite: { method: 'POST', path: '/api/invites' },
  invites: { method: 'GET', path: '/api/invites', offline: true },
  join: { method: 'POST', path: '/api/join' },

  send: { method: 'POST', path: '/api/messages' },
  ask: { method: 'POST', path: '/api/ask' },
  inbox: {
    method: 'GET',
    path: '/api/inbox',
    query: { unread: 'boolean', peer: text, limit: whole, afterSeq: whole },
    offline: true,
  },
  message: { method: 'GET', path: '/api/inbox/:id', offline: true },
  read: { method: 'POST', path: '/api/inbox/:id/read' },
  attachment: {
    method: 'GET',
    path: '/api/inbox/:id/attachments/:index',
    pathKinds: { index: whole },
    offline: true,
  },
  filePart: {
    method: 'GET',
    path: '/api/inbox/:id/attachments/:index/parts/:part',
    pathKinds: { index: whole, part: whole },
    gives: 'bytes',
    offline: true,
  },
  removeFile: {
    method: 'POST',
    path: '/api/inbox/:id/attachments/:index/remove',
    pathKinds: { index: whole },
  },
  reply: { method: 'POST', path: '/api/inbox/:id/reply' },
  outbox: { method: 'GET', path: '/api/outbox', query: { peer: text, state: text, limit: whole }, offline: true },
  track: { method: 'GET', path: '/api/outbox/:id', offline: true },
  cancel: { method: 'POST', path: '/api/outbox/:id/cancel' },
  deadLetters: {
    method: 'GET',
    path: '/api/dead',
    query: { box: text, peer: text, reason: text, before: whole, limit: whole },
    offline: true,
  },
  deadLetter: { method: 'GET', path: '/api/dead/:id', offline: true },
  replayDead: { method: 'POST', path: '/api/dead/replay' },
  purgeDead: { method: 'POST', path: '/api/dead/purge' },
  reviews: { method: 'GET', path: '/api/reviews', query: { limit: whole }, offline: true },
  review: { method: 'GET', path: '/api/reviews/:id', offline: true },
  approveReview: { method: 'POST', path: '/api/reviews/:id/approve' },
  denyReview: { method: 'POST', path: '/api/reviews/:id/deny' },

  attach: { method: 'POST', path: '/api/attach', stream: true },
  complete: { method: 'POST', path: '/api/turns/:id/complete' },
  release: { method: 'POST', path: '/api/turns/:id/release' },

  files: {
    method: 'GET',
    path: '/api/files',
    query: { peer: text, limit: whole, open: 'boolean' },
    offline: true,
  },
  upload: { method: 'POST', path: '/api/uploads' },
  uploadPart: {
    method: 'POST',
    path: '/api/uploads/:upload',
    query: { agent: text, offset: whole },
    takes: 'bytes',
  },
  dropUpload: { method: 'POST', path: '/api/uploads/:upload/drop' },

  audit: {
    method: 'GET',
    path: '/api/audit',
    query: { kind: text, since: whole, until: whole, limit: whole, afterSeq: whole, latest: 'boolean' },
    offline: true,
  },
  auditVerify: { method: 'GET', path: '/api/audit/verify', offline: true },
} as const satisfies Record<string, Route>;

export type OperationName = keyof typeof routes;

/** The operations that work without a running node. */
export type OfflineOperationName = {
  [N in OperationName]: (typeof routes)[N] extends { readonly offline: true } ? N : never;
}[OperationName];

/** The operations that answer with a stream. */
export type StreamOperationName = {
  [N in OperationName]: (typeof routes)[N] extends { readonly stream: true } ? N : never;
}[OperationName];

/** Beside the operations: server-sent events, and the OpenAPI document of all of it. */
export const eventsPath = '/api/events';
export const openApiPath = '/api/openapi.json';

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(routes, name);
}

export const operationNames: readonly OperationName[] = Object.keys(routes).filter(isOperationName);

export const routeOf = (name: OperationName): Route => routes[name];

/** The fields of the input that stand in the path. */
export const pathFieldsOf = ({ path }: Pick<Route, 'path'>): readonly string[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);

/** The fields of the input that travel in the query, with `agent` for every GET. */
export function queryFieldsOf(route: Route): Readonly<Record<string, FieldKind>> {
  return route.method === 'GET' ? { agent: text, ...route.query } : { ...route.query };
}

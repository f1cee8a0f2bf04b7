import { loadSchemas } from '#api';
import type { ApiOptions } from './api-app.ts';
import { createGuard } from '#host';
import { OpenRequests } from './open-requests.ts';

export interface Api {
  /** Answers any request of the local API; never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Loads what the first request needs, when there is time for it. */
  warmUp(): Promise<void>;
  /** Ends event streams after what they hold, and running operations with SHUTTING_DOWN. */
  close(): void;
}

/**
 * The local API over `operations` (routes, schemas and events are those of `#api`). Its parts are loaded on first use,
 * so that the node starts without them. Throws INVALID_ARGUMENT for a token that is too short.
 */
export function createApi(options: ApiOptions): Api {
  const open = new OpenRequests();
  const guard = createGuard(options);
  const load = async () => (await import('./api-app.ts')).buildApiApp({ options, open, guard });
  let app: ReturnType<typeof load> | undefined;
  return {
    async fetch(request) {
      app ??= load();
      return (await app).fetch(request);
    },
    async warmUp() {
      app ??= load();
      await app;
      await loadSchemas();
    },
    close() {
      options.events?.log.close();
      open.close();
    },
  };
}

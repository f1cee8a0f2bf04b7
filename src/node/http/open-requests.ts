import { MeshError } from '#kernel';

/** Aborted with the caller's signal, or by whoever has it. */
export function controllerOf(caller: AbortSignal): AbortController {
  const gone = new AbortController();
  const leave = (): void => gone.abort(caller.reason);
  if (caller.aborted) leave();
  else caller.addEventListener('abort', leave, { once: true, signal: gone.signal });
  return gone;
}

/** The operations that run: each ends early when its caller goes away, all of them when the API closes. */
export class OpenRequests {
  readonly #open = new Set<AbortController>();
  #closed = false;

  begin(caller: AbortSignal): AbortController {
    const gone = controllerOf(caller);
    this.#open.add(gone);
    gone.signal.addEventListener('abort', () => this.end(gone), { once: true });
    if (this.#closed) gone.abort(new MeshError('SHUTTING_DOWN'));
    return gone;
  }

  end(gone: AbortController): void {
    this.#open.delete(gone);
  }

  close(): void {
    this.#closed = true;
    for (const gone of this.#open) gone.abort(new MeshError('SHUTTING_DOWN'));
  }
}

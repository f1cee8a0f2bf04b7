// @ts-check

/**
 * Runs the work outside of what the host was doing when it called the plugin: a request or a reload that is over takes the right to use the
 * gateway with it, and the service lives on.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
export function detached(work) {
  const host = /** @type {{ runInAsyncScope: (work: () => T) => T } | undefined} */ (
    Reflect.get(globalThis, Symbol.for('openclaw.detachedAsyncContext'))
  );
  return host === undefined ? work() : host.runInAsyncScope(work);
}

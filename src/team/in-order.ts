/**
 * Works on at most `atOnce` items at the same time and gives the results in the order of the items, each as soon as those before it are
 * there. Rejects with the first failure in that order.
 */
export async function* inOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const results: Promise<R>[] = [];
  let free = atOnce;
  const queue: (() => void)[] = [];
  const take = async (): Promise<void> => {
    if (free === 0) await new Promise<void>((resolve) => queue.push(resolve));
    else free -= 1;
  };
  const give = (): void => {
    const next = queue.shift();
    if (next === undefined) free += 1;
    else next();
  };
  for (const item of items) {
    const result = take().then(async () => {
      try {
        return await work(item);
      } finally {
        give();
      }
    });
    // Heard when its turn comes.
    result.catch(() => undefined);
    results.push(result);
  }
  for (const result of results) yield await result;
}

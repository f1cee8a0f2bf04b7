/**
 * One shortest way round for every group of files that import each other (Tarjan's strongly connected components).
 * @param {Map<string, string[]>} edges
 * @returns {string[][]}
 */
export function cyclesOf(edges) {
  return components(edges)
    .filter((group) => group.length > 1 || (edges.get(group[0]) ?? []).includes(group[0]))
    .map((group) => shortestCycle([...group].sort()[0], { edges, group: new Set(group) }));
}

function components(edges) {
  const groups = [];
  const state = new Map();
  const stack = [];
  const visit = (node) => {
    const own = { index: state.size, low: state.size, open: true };
    state.set(node, own);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!state.has(next)) visit(next);
      const other = state.get(next);
      if (other.open) own.low = Math.min(own.low, other.low);
    }
    if (own.low !== own.index) return;
    const group = stack.splice(stack.indexOf(node));
    for (const member of group) state.get(member).open = false;
    groups.push(group);
  };
  for (const node of edges.keys()) if (!state.has(node)) visit(node);
  return groups;
}

function shortestCycle(start, { edges, group }) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of edges.get(way.at(-1)) ?? []) {
      if (next === start) return way;
      if (group.has(next) && !seen.has(next)) {
        seen.add(next);
        ways.push([...way, next]);
      }
    }
  }
  return [start];
}

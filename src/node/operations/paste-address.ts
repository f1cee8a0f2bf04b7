/** What needs no quotes in any shell: the text of an address comes from others. */
const plain = /^https?:\/\/[\w.:-]+(\/[\w./-]*)?$/;

/** The first address that a person may paste behind `mesh request`; the word URL when there is none. */
export const pasteAddress = (endpoints: readonly string[]): string =>
  endpoints.find((endpoint) => plain.test(endpoint)) ?? 'URL';

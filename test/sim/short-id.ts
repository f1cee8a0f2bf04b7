/** The part of an id that tells it from others in one run. */
export const shortId = (id: string): string => id.slice(-6);

/** Stands in for every function in the template tests, so that they do not depend on the functions' code. */
export const handler = async (): Promise<undefined> => undefined;

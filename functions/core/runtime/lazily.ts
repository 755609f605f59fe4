/**
 * Builds a value at the first call and keeps it for the process: once per cold start. A failure is not
 * kept, so that the next call tries again.
 */
export function lazily<T>(build: () => T): () => T {
  let built: { readonly value: T } | undefined;
  return () => {
    built ??= { value: build() };
    return built.value;
  };
}

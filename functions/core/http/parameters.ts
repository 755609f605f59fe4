/** The raw query without some parameters; all others stay byte for byte. */
export function withoutParameters(query: string, names: readonly string[]): string {
  if (query === "") return query;
  const kept = query.split("&").filter((pair) => {
    const [name] = new URLSearchParams(pair).keys();
    return name === undefined || !names.includes(name);
  });
  return kept.join("&");
}

/** The raw query with one parameter more. */
export function withParameter(query: string, name: string, value: string): string {
  const pair = `${encodeURIComponent(name)}=${encodeURIComponent(value)}`;
  return query === "" ? pair : `${query}&${pair}`;
}

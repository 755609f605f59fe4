/**
 * What was made of a text before: a run asks the same few questions tens of thousands of times. Only for what
 * nobody changes.
 */
export function createRemembered<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, { readonly made: T }>();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      if (known.size >= 2000) known.clear();
      found = { made: make(text) };
      known.set(text, found);
    }
    return found.made;
  };
}

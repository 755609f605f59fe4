// What the suites use of `yaml`, so that the types need no installed package.
declare module "yaml" {
  export function parseAllDocuments(
    text: string,
    options: { readonly uniqueKeys: boolean },
  ): readonly { toJS(): unknown }[];
}

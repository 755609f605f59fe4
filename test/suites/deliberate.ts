/** Where the gateway answers otherwise than PRIMARY, and is to; each is in the README. */
const deliberate: readonly RegExp[] = [
  // An item without an id has the gateway's, also where PRIMARY refuses it.
  /\.items\.\d+\.(index|create)\._id is object, through the gateway string$/,
  // A bulk that the gateway cannot read is refused by it; PRIMARY is not asked, and does not warn or name its product.
  /empty action: POST \/_bulk: header (warning|x-elastic-product)/,
  // A comparison of a whole index refreshes it on PRIMARY, and reading a document back may make it searchable (7.17).
  /^(?!.*: BACKUP: )((bulk|create|delete|index|update)\/\d+_refresh|(mget|mtermvectors|termvectors)\/\d+_realtime)/,
  // Statistics count the gateway's own requests.
  /^[^:]+: [^:]+: GET \S*_stats\S*: \.(_all|_shards|indices|nodes)\./,
  /^search\/150_rewrite_on_coordinator: .*: fails: match indices\.lookup_index\.total\.get\.total:/,
  /_recovery\S*: \.\S+\.shards\./,
  // Where a shard has put a document.
  /^indices\.sort\/10_basic: .*: \.hits\.hits\.\d+\.sort\.0 is \d+, through the gateway \d+$/,
  // A setting that can be changed on a closed index only is BACKUP's as it was made; the status lists it.
  /^indices\.put_settings\/10_basic: Test preserve_existing settings: BACKUP: /,
  // A closed index cannot be read. One that was closed as soon as it was made is compared once it is open.
  /BACKUP: it waits for a closed index$/,
];

/** Whether somebody decided that the gateway differs so. */
export function isDeliberate(line: string): boolean {
  return deliberate.some((pattern) => pattern.test(line));
}

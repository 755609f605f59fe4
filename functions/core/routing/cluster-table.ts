import type { NamedDefinitionKind, Rule } from "./endpoint.ts";

/** Templates, pipelines and scripts: replicated as definitions; BACKUP holds them and does not use them. */
const named: readonly Rule[] = [
  ...changes("template", "PUT POST DELETE /_template/{name}"),
  ...changes("index-template", "PUT POST DELETE /_index_template/{name}"),
  ...changes("component-template", "PUT POST DELETE /_component_template/{name}"),
  ...changes("ingest-pipeline", "PUT DELETE /_ingest/pipeline/{name}"),
  ...changes("search-pipeline", "PUT DELETE /_search/pipeline/{name}"),
  ...changes("script", "PUT POST DELETE /_scripts/{name}", "PUT POST /_scripts/{name}/{context}"),
];

/**
 * Deliberately PRIMARY's alone. What a cluster says of itself (its nodes, shards, tasks, statistics, licences) is
 * no answer about another one; templates, pipelines and data streams are read where they are in use; and
 * features that keep their state in the cluster (security, machine learning, policies) are not replicated.
 */
const primaryOnly: readonly string[] = [
  // The cluster itself.
  "* /_cluster/**",
  "* /_nodes/**",
  "* /_tasks/**",
  "* /_remote/**",
  "* /_cat/**",
  "* /_list/**",
  "* /_info/**",
  "* /_health_report/**",
  "* /_capabilities",
  "* /_features/**",
  "* /_migration/**",
  "* /_autoscaling/**",
  "* /_ssl/**",
  "* /_license/**",
  "* /_xpack/**",
  "* /_script_context",
  "* /_script_language",
  "* /_project/**",
  "* /_project_routing/**",
  "* /_resolve/cluster/**",
  "* /_wlm/**",
  "* /_remotestore/**",
  // Shards, caches and segments: each cluster's own.
  "GET (/{index})/_stats(/{metric})",
  "GET (/{index})/_segments",
  "GET (/{index})/_recovery",
  "GET (/{index})/_shard_stores",
  "GET POST (/{index})/_refresh",
  "GET POST (/{index})/_flush(/synced)",
  "GET POST (/{index})/_upgrade",
  "POST (/{index})/_forcemerge",
  "POST (/{index})/_cache/clear",
  "GET POST /{index}/_reload_search_analyzers",
  "GET /{index}/_field_usage_stats",
  "POST /{index}/_disk_usage",
  "POST /{index}/_freeze",
  "POST /{index}/_unfreeze",
  "* /{index}/_fleet/global_checkpoints",
  "* /{index}/ingestion/**",
  "GET DELETE /_dangling/**",
  // Definitions, read and tried where they are in use.
  "GET /_template(/{name})",
  "GET /_index_template(/{name})",
  "POST /_index_template/_simulate(/{name})",
  "POST /_index_template/_simulate_index/{name}",
  "GET /_component_template(/{name})",
  "GET POST /_ingest/**",
  "* /_ingest/geoip/**",
  "* /_ingest/ip_location/**",
  "GET /_search/pipeline(/{name})",
  "GET /_scripts/{name}",
  "GET /_data_stream/**",
  "PUT DELETE /_data_stream/{stream}/_lifecycle",
  "PUT DELETE /_data_stream/{stream}/_options",
  "* /_plugins/_asynchronous_search/stats",
  // Running work, by a task's number.
  "GET /_reindex",
  "* /_reindex/{task}/**",
  "* /_update_by_query/{task}/**",
  "* /_delete_by_query/{task}/**",
  "GET /_query/queries(/{id})",
  "* /_query/view(/{name})",
  // Features with a state of their own.
  "* /_snapshot/**",
  "* /_searchable_snapshots/**",
  "* /{index}/_searchable_snapshots/**",
  "* /_slm/**",
  "* /_ilm/**",
  "* /{index}/_ilm/**",
  "* /_lifecycle/**",
  "* /{index}/_lifecycle/**",
  "* /_security/**",
  "* /_ml/**",
  "* /_inference/**",
  "* /_watcher/**",
  "* /_ccr/**",
  "* /{index}/_ccr/**",
  "* /_rollup/**",
  "* /{index}/_rollup/**",
  "* /{index}/_rollup_search",
  "* /{index}/{type}/_rollup_search",
  "* /_transform/**",
  "* /_enrich/**",
  "* /_synonyms/**",
  "* /_query_rules/**",
  "* /_application/**",
  "* /_connector/**",
  "* /_logstash/**",
  "* /_monitoring/**",
  "* /_profiling/**",
  "* /_text_structure/**",
  "* /_streams/**",
  "* /_fleet/**",
  "* /{index}/_migration/**",
  "* /_plugins/**",
  "* /_opendistro/**",
  "* /_ltr/**",
];

/** The cluster's rules. */
export const clusterRules: readonly Rule[] = [
  ...named,
  ...primaryOnly.map((route): Rule => ({ route, treatment: { kind: "pass" } })),
];

function changes(of: NamedDefinitionKind, ...routes: readonly string[]): readonly Rule[] {
  return routes.map((route) => ({ route, treatment: { kind: "named-definition", of, pattern: "name" } }));
}

import { ask, ClusterAnswerError } from "../cluster/json-request.ts";
import type { Cluster } from "../cluster/port.ts";

/**
 * While a cluster is BACKUP, no template may change the indices that replication makes there, nor forbid a plain
 * index with a data stream's name. The shield is an index template that goes before all others and is empty; only
 * the first matching one counts. To promote BACKUP is to remove it.
 */
export interface Shield {
  /**
   * Puts the shield up where it is not.
   * @returns why BACKUP cannot have one, or `undefined` when it is up.
   * @throws ClusterError or ClusterAnswerError when BACKUP cannot be asked.
   */
  raise(): Promise<string | undefined>;
}

const path = "/_index_template/understudy-shield";

/**
 * `**` and not `*`: a template with the pattern `*` is not for hidden indices, whatever its other patterns are
 * (seen on Elasticsearch 7.10 and 8.19, OpenSearch 2.19).
 */
const template = {
  index_patterns: ["**", ".*"],
  priority: Number.MAX_SAFE_INTEGER,
  _meta: {
    description: "understudy: BACKUP's templates rest while it is a standby; remove this to promote it",
  },
};

/** The shield of one BACKUP. It is looked for each time: indices are made seldom. */
export function createShield(backup: Cluster): Shield {
  return {
    async raise() {
      try {
        const present = await ask(backup, { method: "GET", path });
        if (present.status !== 404) return undefined;
        const answer = await ask(backup, { method: "PUT", path, body: template });
        return answer.status === 404 ? "it has no index templates of that kind" : undefined;
      } catch (error) {
        if (!(error instanceof ClusterAnswerError)) throw error;
        // No such endpoint before Elasticsearch 7.8; data streams of BACKUP's own; a user without the right.
        if (![400, 403, 405].includes(error.status)) throw error;
        return error.message;
      }
    },
  };
}

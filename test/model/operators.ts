import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { Universe } from "./universe.ts";
import { definitionOf } from "./workload.ts";

/** What people and machines do to the clusters while the work goes on. */
const incidents = {
  "BACKUP restarts": ({ backup, random }) => backup.restart(random.whole(1500, 30_000)),
  "PRIMARY restarts": ({ primary, random }) => primary.restart(random.whole(1500, 30_000)),
  "PRIMARY fails over": ({ primary, random }) => primary.memory.failOver(random),
  "BACKUP fails over": ({ backup, random }) => backup.memory.failOver(random),
  "BACKUP is gone": ({ backup, random }) => backup.cutOff(random.pick([5000, 60_000, 1_200_000])),
  "PRIMARY is gone": ({ primary, random }) => primary.cutOff(random.pick([3000, 30_000, 300_000])),
  "BACKUP is read-only": (universe) => block(universe, "index.blocks.write"),
  "BACKUP's disk is full": (universe) => block(universe, "index.blocks.read_only_allow_delete"),
  "BACKUP's index is closed": (universe) => close(universe),
  "BACKUP's index is dropped": ({ primary, backup, random, world }) => {
    const names = oldIndices(primary, world.now()).filter((name) => backup.memory.catalog.indices.has(name));
    const name = random.pickFrom(names);
    if (name !== undefined) backup.memory.catalog.remove(name);
  },
  "poison arrives": ({ queue, random }) =>
    queue.put({
      body: random.pick([
        "not json",
        '{"schema":99,"kind":"apply"}\n',
        '{"schema":1,"kind":"dance","writtenAtMs":1}\n',
        "",
      ]),
    }),
} satisfies Record<string, (universe: Universe) => void>;

/** Not in its first minutes: the copy of an index that is born is not healed as a whole. */
function oldIndices({ memory }: SimulatedCluster, nowMs: number): readonly string[] {
  const indices = [...memory.catalog.indices.values()];
  return indices.filter(({ createdMs }) => nowMs - createdMs > 900_000).map(({ name }) => name);
}

function block(universe: Universe, setting: string): void {
  const index = universe.random.pickFrom([...universe.backup.memory.catalog.indices.values()]);
  if (index === undefined) return;
  index.settings.set(setting, "true");
  universe.world.after(universe.random.whole(2000, 120_000), () => index.settings.delete(setting));
}

/** Nobody opens it again where PRIMARY's is closed: then it is as it should be. */
function close(universe: Universe): void {
  const { primary, backup, random, world } = universe;
  const index = random.pickFrom([...backup.memory.catalog.indices.values()]);
  if (index === undefined) return;
  index.closed = true;
  world.after(random.whole(2000, 60_000), () => {
    if (primary.memory.catalog.indices.get(index.name)?.closed === true) return;
    index.closed = false;
    for (const shard of index.shards) shard.forgetDeletions();
  });
}

/** Schedules some incidents during the run; each seed knows only some of their kinds. */
export function scheduleIncidents(universe: Universe, durationMs: number): void {
  const { random, world, trace, weather } = universe;
  const kinds = Object.entries(incidents).filter(() => random.chance(0.25));
  for (const [name, happen] of kinds) {
    const times = random.whole(1, 3);
    for (let i = 0; i < times; i++) {
      world.after(random.whole(0, durationMs), () => {
        if (weather.isCalm) return;
        trace(`${world.now()} incident: ${name}`);
        happen(universe);
      });
    }
  }
}

/** Creates the model's indices on PRIMARY, as a cluster that was in use before the gateway came. */
export function createPrimaryIndices(universe: Universe, names: readonly string[]): void {
  const { primary } = universe;
  primary.memory.catalog.setPipeline("stamp", { stamped: "yes" });
  for (const name of names) {
    if (name === "notes") continue;
    const body = Buffer.from(definitionOf(name));
    primary.memory.execute({ method: "PUT", path: `/${name}`, body });
  }
}

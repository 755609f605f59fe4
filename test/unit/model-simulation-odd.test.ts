import { simulatedSeeds } from "../model/simulated-seeds.ts";

simulatedSeeds({ from: 1, step: 2, count: 150 });

import { simulatedSeeds } from "../model/simulated-seeds.ts";

// The other half of CI's 300 seeds is in model-simulation-odd.test.ts, which runs beside this file.
simulatedSeeds({ from: 2, step: 2, count: 150 });

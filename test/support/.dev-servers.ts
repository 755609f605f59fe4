import { startPair } from "/work/main/infra/local/servers/pair.ts";
const pair = await startPair({ dataDir: process.argv[2] ?? "/var/tmp/us-dev", onProgress: (l: string) => console.error(l) });
console.log(`PRIMARY_ENDPOINT=${pair.primary.endpoint}\nBACKUP_ENDPOINT=${pair.backup.endpoint}\nPRIMARY_PID=${pair.primary.pid}\nBACKUP_PID=${pair.backup.pid}`);
process.on("SIGTERM", async () => { await pair.stop(); process.exit(0); });
setInterval(() => {}, 1000);
